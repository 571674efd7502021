"""Grad-CAM: where in the photo a network looked for one class.

Selvaraju et al. 2017, section 3 (https://arxiv.org/abs/1610.02391): with A_k the feature maps that
feed the head and y_c the class's logit, the map is relu(sum_k alpha_k A_k), where alpha_k is the
spatial mean of dy_c/dA_k. It is the logit's gradient also where the model ends in a softmax. For
global average pooling and one linear layer alpha_k = W[c, k] / (h w), and no gradient is needed
(Zhou et al. 2016, https://arxiv.org/abs/1512.04150). Maps come raw: not resized, not normalised.
"""

import torch
from torch import Tensor

from landmark_core.tagging.cut import LinearHead
from landmark_core.tagging.network import Head


def map_by_weights(activations: Tensor, classes: Tensor, linear: LinearHead) -> Tensor:
    """Return the maps of a network whose head is global average pooling and one linear layer.

    Args:
        activations: (N, K, h, w) feature maps, any floating type.
        classes: (N,) the class to explain, per photo; int64 on the device of the activations.
        linear: the head's weights, on the same device.

    Returns:
        (N, h, w) float32, not negative.
    """
    area = activations.shape[2] * activations.shape[3]
    weights = linear.weight[classes] / area  # (N, K)
    return torch.einsum("nk,nkhw->nhw", weights, activations.float()).relu()


def map_by_gradient(pixels: Tensor, activations: Tensor, classes: Tensor, head: Head) -> Tensor:
    """Return the maps of a network with any head, from the gradient of its logits.

    Args:
        pixels: (N, 3, H, W) normalised float32 pixels that the activations came from.
        activations: (N, K, h, w) feature maps, any floating type.
        classes: (N,) the class to explain, per photo; int64 on the device of the activations.
        head: pixels and activations to scores and logits.

    Returns:
        (N, h, w) float32, not negative.
    """
    with torch.inference_mode(mode=False), torch.enable_grad():
        # clone: what inference mode made cannot take part in a gradient.
        leaf = activations.float().clone().requires_grad_()
        _, logits = head(pixels.clone(), leaf * 1)  # * 1: a head may work in place, a leaf may not
        # Photos do not influence each other in eval mode, so one sum gives each its own gradient.
        chosen = logits.gather(1, classes.unsqueeze(1)).sum()
        (gradient,) = torch.autograd.grad(chosen, leaf)  # (N, K, h, w)
    weights = gradient.mean(dim=(2, 3))  # (N, K)
    return torch.einsum("nk,nkhw->nhw", weights, activations.float()).relu()
