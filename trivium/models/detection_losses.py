"""What detectors after DETR learn from: each object goes with one query, and the losses say how far off that query is.

Letters: B batch, Q queries, O objects of the image that has most of them, L labels, h w H W sizes of masks.
Source: Carion and others, arXiv:2005.12872, section 3.1 and appendix A.2; loss_for_object_detection.py of Transformers 4.52.
"""

from typing import NamedTuple

from trivium.core.errors import InputError

from . import ops


class Objects(NamedTuple):
    """The objects of all images, filled up to as many in each."""

    real: object  # (B, O) bool
    classes: object  # (B, O) int32
    boxes: object  # (B, O, 4)
    masks: object  # (B, O, H, W), or None


def objects_of(labels, logits, with_masks):
    """The objects in `labels`, one dict for each image: class_labels (n,), boxes (n, 4) and, if asked for, masks (n, H, W).

    A negative class is no object, so that images can be given as many, which spares compilers another shape.

    Raises:
        InputError: A dict for each image of `logits` (B, Q, L + 1) is not there, or one lacks a key.
    """
    batch = ops.shape(logits)[0]
    if isinstance(batch, int) and len(labels) != batch:
        raise InputError(f"{len(labels)} labels for {batch} images", key="labels", hint="give one dict for each image")
    keys = ("class_labels", "boxes", *(["masks"] if with_masks else []))
    for index, label in enumerate(labels):
        if missing := [key for key in keys if key not in label]:
            raise InputError(f"labels[{index}] has no {missing[0]!r}", key="labels", hint=f"it needs {', '.join(keys)}")
    classes = _filled([ops.cast(label["class_labels"], "int32") + 1 for label in labels]) - 1
    boxes = ops.cast_like(_filled([label["boxes"] for label in labels]), logits)
    masks = ops.cast_like(_filled([ops.cast(label["masks"], "int32") for label in labels]), logits) if with_masks else None
    return Objects(classes >= 0, classes, boxes, masks)


def _filled(parts):
    """Arrays of one rank in one, with zeros where they are shorter than the longest, and at least one row."""
    sizes = [ops.shape(part) for part in parts]
    longest = [max(along) for along in zip(*sizes, strict=True)]
    longest[0] = max(longest[0], 1)
    gaps = ([(0, whole - own) for whole, own in zip(longest, size, strict=True)] for size in sizes)
    return ops.concat([ops.pad(part, widths)[None] for part, widths in zip(parts, gaps, strict=True)], 0)


def detection_loss(c, labels, logits, boxes, masks=None, auxiliary=()):
    """The weighted sum of all losses, and each by its name: (B, Q, L + 1), (B, Q, 4), (B, Q, h, w) -> (), dict of ().

    Args:
        c: The config.
        labels: As `objects_of` has them.
        auxiliary: Of the decoder's layers before the last the logits and boxes, which learn as if they were the last's.
    """
    objects = objects_of(labels, logits, masks is not None)
    coefficients = {
        "loss_ce": 1.0,
        "loss_bbox": c.bbox_loss_coefficient,
        "loss_giou": c.giou_loss_coefficient,
        "loss_mask": c.mask_loss_coefficient,
        "loss_dice": c.dice_loss_coefficient,
    }
    losses = losses_of(c, objects, logits, boxes, masks)
    total = sum(coefficients[name] * loss for name, loss in losses.items() if name in coefficients)
    for layer, (own_logits, own_boxes) in enumerate(auxiliary):
        own = losses_of(c, objects, own_logits, own_boxes)
        total = total + sum(coefficients[name] * loss for name, loss in own.items() if name in coefficients)
        losses |= {f"{name}_{layer}": loss for name, loss in own.items()}
    return total, losses


def losses_of(c, objects, logits, boxes, masks=None):
    """The losses by name, in float32 at least, once every object has its query."""
    owner = match(c, objects, logits, boxes)  # (B, Q), the query's object or -1
    matched, own = owner >= 0, ops.maximum(owner, 0)
    nothing = ops.shape(logits)[-1] - 1
    classes = ops.where(matched, ops.take_along(objects.classes, own, 1), own * 0 + nothing)
    weight = ops.constant((1.0,) * nothing + (c.eos_coefficient,), like=logits)
    class_loss = ops.cross_entropy(ops.reshape(logits, (-1, nothing + 1)), ops.reshape(classes, (-1,)), weight=weight)
    boxes, wanted = ops.cast_like(boxes, class_loss), ops.cast_like(objects.boxes, class_loss)
    wanted = ops.take_along(wanted, ops.broadcast_to(own[..., None], ops.shape(boxes)), 1)  # (B, Q, 4)
    apart = ops.where(matched, ops.sum_along(abs(boxes - wanted), -1), boxes[..., 0] * 0)
    counts = ops.cast_like(objects.real, class_loss)
    count = ops.maximum(ops.sum(counts), 1.0)
    said = ops.sum_along(ops.cast_like(ops.argmax(logits, -1) != nothing, class_loss), 1)
    overlap = ops.where(matched, generalized_iou(boxes, wanted), apart * 0 + 1)
    losses = {
        "loss_ce": class_loss,
        "loss_bbox": ops.sum(apart) / count,
        "loss_giou": ops.sum(1 - overlap) / count,
        "cardinality_error": ops.stop_gradient(ops.mean(abs(said - ops.sum_along(counts, 1)), 0)),
    }
    if masks is None:
        return losses
    found = owner[:, None] == ops.arange(ops.shape(counts)[1], like=owner)[None, :, None]  # (B, O, Q)
    query = ops.argmax(ops.cast(found, "int32"), 2)
    counts = counts * ops.cast_like(ops.max(ops.cast(found, "int32"), 2), counts)  # beyond the queries there is nobody
    return losses | mask_losses(ops.cast_like(masks, class_loss), query, objects.masks, counts, count)


def match(c, objects, logits, boxes):
    """Of each query the object that it goes with, or -1: every object has the query that suits it, or others, best.

    Source: section 3.1, equation 1.
    """
    chances = ops.softmax(logits, -1)
    width = ops.shape(chances)[1]
    classes = ops.maximum(objects.classes, 0)[:, None]
    classes = ops.broadcast_to(classes, (ops.shape(classes)[0], width, ops.shape(classes)[2]))
    said = ops.take_along(chances, classes, 2)  # (B, Q, O)
    boxes, wanted = boxes[:, :, None], objects.boxes[:, None]
    apart = ops.sum_along(abs(boxes - wanted), -1)
    costs = c.bbox_cost * apart - c.class_cost * said - c.giou_cost * generalized_iou(boxes, wanted)
    return ops.linear_assignment(ops.stop_gradient(ops.transpose(costs, (0, 2, 1))), objects.real)


def generalized_iou(x, y):
    """How well boxes cover each other, from -1 to 1: two of (..., 4), middle and size -> (...).

    Source: Rezatofighi and others, arXiv:1902.09630, algorithm 1.
    """
    (x_low, x_high), (y_low, y_high) = _corners(x), _corners(y)
    both = _area(ops.maximum(x_low, y_low), ops.minimum(x_high, y_high))
    either = _area(x_low, x_high) + _area(y_low, y_high) - both
    around = _area(ops.minimum(x_low, y_low), ops.maximum(x_high, y_high))
    return _share(both, either) - _share(around - either, around)


def _corners(boxes):  # (..., 4) -> two of (..., 2)
    return boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2


def _area(low, high):  # two of (..., 2) -> (...)
    size = ops.relu(high - low)
    return size[..., 0] * size[..., 1]


def _share(part, whole):
    """Part of a whole, 0 of nothing."""
    there = whole > 0
    return ops.where(there, part / ops.where(there, whole, whole * 0 + 1), whole * 0)


def mask_losses(masks, query, wanted, counts, count):
    """Focal and dice loss of each object's mask: (B, Q, h, w), (B, O), (B, O, H, W), (B, O), () -> dict of ().

    Sources: Lin and others, arXiv:1708.02002, equation 5; Milletari and others, arXiv:1606.04797, section 3.
    """
    batch, queries, h, w = ops.shape(masks)
    index = query + (ops.arange(batch, like=query) * queries)[:, None]
    masks = ops.transpose(ops.take(ops.reshape(masks, (batch * queries, h, w)), index), (0, 2, 3, 1))  # (B, h, w, O)
    size = ops.shape(wanted)
    logits = ops.transpose(ops.resize_bilinear(masks, size[2:]), (0, 3, 1, 2))
    logits, wanted = (ops.reshape(x, (size[0], size[1], -1)) for x in (logits, ops.cast_like(wanted, logits)))  # (B, O, H W)
    chances = ops.sigmoid(logits)
    missed = ops.softplus(logits) - logits * wanted
    wrong = chances + wanted - 2 * chances * wanted
    focal = missed * wrong**2 * (0.75 - 0.5 * wanted)
    dice = 1 - (2 * ops.sum_along(chances * wanted, -1) + 1) / (ops.sum_along(chances, -1) + ops.sum_along(wanted, -1) + 1)
    return {
        "loss_mask": ops.sum(ops.mean(focal, -1) * counts) / count,
        "loss_dice": ops.sum(dice * counts) / count,
    }
