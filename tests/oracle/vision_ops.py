"""torchvision's operators `nms` and `roi_align`, forward and backward: lines as those of autograd_log.py, which the C# test has to write as well."""
import json
import sys
import warnings

import torch
import torchvision  # noqa: F401: registers the operators
from autograd_log import Log


def boxes_of(count, size):
    corner, extent = torch.rand(count, 2) * size, torch.rand(count, 2) * size / 2 + 0.5
    return torch.cat([corner, corner + extent], 1)


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    log = Log()
    nms, roi_align = torch.ops.torchvision.nms, torch.ops.torchvision.roi_align
    torch.manual_seed(0)
    for count in (0, 1, 40, 300):
        boxes, scores = boxes_of(count, 30), torch.rand(count)
        for threshold in (0.0, 0.3, 0.7, 1.0):
            log(nms(boxes, scores, threshold), nms(boxes.double(), scores.double(), threshold))
        log(nms(boxes.t().contiguous().t(), scores, 0.5))
    log.error(lambda: nms(torch.rand(3, 5), torch.rand(3), 0.5), "")
    log.error(lambda: nms(torch.rand(3, 4), torch.rand(2), 0.5), "")
    log.error(lambda: nms(torch.rand(4), torch.rand(4), 0.5), "")
    for dtype in (torch.float32, torch.float64):
        for ratio, aligned, scale in ((2, False, 1.0), (-1, True, 0.5), (1, True, 1.0)):
            x = torch.randn(2, 3, 12, 10).to(dtype).requires_grad_()
            rois = torch.cat([torch.randint(0, 2, [5, 1]).float(), boxes_of(5, 8)], 1).to(dtype)
            y = roi_align(x, rois, scale, 4, 3, ratio, aligned)
            log(y.detach())
            y.backward(torch.randn(5, 3, 4, 3).to(dtype))
            log(x.grad, x.grad)  # recorded, and by the formula alone
            turned = x.detach().permute(0, 1, 3, 2)
            log(roi_align(turned, rois, scale, 2, 2, ratio, aligned))
        log(roi_align(x.detach(), rois[:0], 1.0, 2, 2, -1, False))
    log.error(lambda: roi_align(torch.randn(1, 2, 4, 4), torch.rand(3, 4), 1.0, 2, 2, -1, False), "")
    log.error(lambda: roi_align(torch.randn(1, 2, 4, 4), torch.rand(3, 5).double(), 1.0, 2, 2, -1, False), "")
    json.dump(log, sys.stdout)


if __name__ == "__main__":
    main()
