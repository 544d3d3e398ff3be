"""What NumPy sees of a tensor's memory: shapes and elements of views, by name, and of tensors made of NumPy's views. JSON on standard output."""
import json
import sys

import numpy as np
import torch

base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
views = {
    "whole": base,
    "transposed": base.transpose(0, 2),
    "permuted": base.permute(1, 2, 0),
    "sliced": base[:, 1:, ::2],
    "selected": base[1],
    "diagonal": base[0].diagonal(),
    "expanded": base[:1].expand(3, 3, 4),
    "expanded number": torch.tensor(2.5).expand(2, 2),
    "one row": base[:, :1],
    "empty": base[:, 3:],
    "channels last": base.reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
}
result = {name: [list(x.numpy().shape), x.numpy().ravel().tolist()] for name, x in views.items()}
array = np.arange(24, dtype=np.float32).reshape(4, 6)
back = {
    "array": array,
    "array transposed": array.T,
    "array sliced": array[1:3, 2:5],
    "array broadcast": np.broadcast_to(array[0], (3, 6)).copy()[:, :],
}
for name, a in back.items():
    x = torch.from_numpy(a)
    result[name] = [list(x.shape), x.flatten().tolist(), x.sum(0).tolist()]
json.dump(result, sys.stdout)
