"""The words of the pages with what they mean: the page of methods shows them, and the search finds it by them."""

from benchmark.records.trust import LEVELS

GLOSSARY = {
    "cell": (
        "one of the things compared: a network with its options and its loss; "
        '"narrow8-12 · adaptive · frozen · weighted" reads network, shortcut, BatchNorm, loss'
    ),
    "network": "narrow8-12: 8 channels in the first stage, 12 weight layers; bregnext-50: the papers' network",
    "identity, fixed, adaptive": (
        "the shortcut: ResNet's; BReG-Net's bounded function; BReG-NeXt's, with two trained numbers a unit"
    ),
    "working, frozen": "BatchNorm: normalises as usual; never updated, as in the authors' release",
    "plain, weighted": "the loss: every face counts the same; every class counts the same",
    "deciding, scaled down, machinery": (
        "evidence: the paper's network, data and size; its data, smaller networks or budgets; drawn or generated faces, "
        "which show that the machine works"
    ),
    "protocol": "all that is fixed within a comparison",
    "run, record, seed": "one training under a protocol with one seed of all its random choices; what it leaves",
    "trust": f"what was done here to know that a model gives its predictions, the best first: {'; '.join(LEVELS)}",
    "seen these faces": "whether a model of others was trained or chosen with the help of the test faces",
    "TTA": 'test-time augmentation: the mean of the answers to a face and its mirror image ("flip"), or none',
}
