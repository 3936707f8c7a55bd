"""What the network under study is compared with: the same topology with identity shortcuts, timm and FER networks."""
