"""The networks to which the network under study is compared: the same topology with identity shortcuts, ResNets of timm, and
networks from the FER literature."""
