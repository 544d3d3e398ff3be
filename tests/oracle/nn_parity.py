"""Every class of torch.nn: names, initial values, text, outputs and gradients, as digests of bits.

The C# side (tests/TorchBind.Tests/NN/NNParityTests.cs) builds the same modules under the same names, makes the inputs that
this program describes, and compares. Usage: nn_parity.py [threads [case...]]; writes JSON to the standard output.
"""

import hashlib
import inspect
import json
import sys
import warnings

import torch
from torch import nn

warnings.simplefilter("ignore")
torch.use_deterministic_algorithms(False)


def R(*size, grad=True, dtype="float32"):
    return {"kind": "randn", "size": list(size), "grad": grad, "dtype": dtype}


def U(*size, grad=True):
    """Between 0 and 1."""
    return {"kind": "rand", "size": list(size), "grad": grad, "dtype": "float32"}


def I(high, *size):
    return {"kind": "randint", "size": list(size), "high": high, "grad": False, "dtype": "int64"}


def S(*size):
    """1 or -1."""
    return {"kind": "sign", "size": list(size), "grad": False, "dtype": "float32"}


def B(*size):
    return {"kind": "bool", "size": list(size), "grad": False, "dtype": "bool"}


def T(values, dtype="int64"):
    return {"kind": "values", "size": [len(values)], "values": values, "grad": False, "dtype": dtype}


def L(*size):
    """Logarithms of probabilities."""
    return {"kind": "log_softmax", "size": list(size), "grad": True, "dtype": "float32"}


def P(*size):
    """Probabilities."""
    return {"kind": "softmax", "size": list(size), "grad": False, "dtype": "float32"}


def make_input(spec):
    size = spec["size"]
    kind = spec["kind"]
    if kind == "randn":
        x = torch.randn(size, dtype=getattr(torch, spec["dtype"]))
    elif kind == "rand":
        x = torch.rand(size)
    elif kind == "randint":
        x = torch.randint(0, spec["high"], size)
    elif kind == "sign":
        x = torch.randint(0, 2, size).float() * 2 - 1
    elif kind == "bool":
        x = torch.randint(0, 4, size) == 0
    elif kind == "values":
        x = torch.tensor(spec["values"], dtype=getattr(torch, spec["dtype"]))
    elif kind == "log_softmax":
        x = torch.randn(size).log_softmax(-1)
    elif kind == "softmax":
        x = torch.randn(size).softmax(-1)
    else:
        raise ValueError(kind)
    if spec["grad"]:
        x.requires_grad_()
    return x


CASES = {}


def case(name, make, *inputs, call=None, train=True, backward=True, prepare=None):
    assert name not in CASES, name
    CASES[name] = (make, inputs, call, train, backward, prepare)


def digest(t):
    if t is None:
        return None
    t = t.detach()
    if t.layout is not torch.strided:
        t = t.to_dense()
    data = t.contiguous().view(torch.uint8) if t.dim() > 0 else t.contiguous().reshape(1).view(torch.uint8)
    return [str(t.dtype).replace("torch.", ""), list(t.shape), hashlib.sha256(bytes(data.flatten().tolist())).hexdigest()]


def flatten(o):
    if isinstance(o, torch.Tensor):
        return [o]
    if isinstance(o, torch.nn.utils.rnn.PackedSequence):
        return [o.data, o.batch_sizes]
    if isinstance(o, (tuple, list)):
        return [x for y in o for x in flatten(y)]
    if o is None:
        return []
    raise TypeError(type(o))


def run(name):
    make, specs, call, train, backward, prepare = CASES[name]
    torch.manual_seed(10)
    m = make()
    torch.manual_seed(11)
    inputs = [make_input(s) for s in specs]
    if prepare:
        prepare(m)
    call = call or (lambda m, *x: m(*x))
    result = {"text": repr(m), "inputs": list(specs), "train": train, "backward": backward}
    lazy = any(torch.nn.parameter.is_lazy(p) for p in m.parameters())
    result["initial"] = None if lazy else [[k, digest(v)] for k, v in m.state_dict().items()]
    m.train(train)
    torch.manual_seed(12)
    outputs = flatten(call(m, *inputs))
    result["outputs"] = [digest(o) for o in outputs]
    if lazy:
        result["text_after"] = repr(m)
    if backward:
        torch.manual_seed(13)
        wanted = [o for o in outputs if o.requires_grad]
        torch.autograd.backward(wanted, [torch.randn_like(o) for o in wanted])
        result["input_grads"] = [digest(x.grad) if s["grad"] else None for x, s in zip(inputs, specs)]
        result["grads"] = [[k, digest(p.grad)] for k, p in m.named_parameters()]
    result["after"] = [[k, digest(v)] for k, v in m.state_dict().items()]
    m.eval()
    torch.manual_seed(14)
    with torch.no_grad():
        result["evaluated"] = [digest(o) for o in flatten(call(m, *inputs))]
    return result


# --- activations
for _name in ["ReLU", "RReLU", "Hardtanh", "ReLU6", "Sigmoid", "Hardsigmoid", "Tanh", "SiLU", "Mish", "Hardswish", "ELU", "CELU", "SELU",
              "GLU", "GELU", "Hardshrink", "LeakyReLU", "LogSigmoid", "Softplus", "Softshrink", "Softsign", "Tanhshrink", "PReLU"]:
    case(_name, getattr(nn, _name), R(4, 6, 6))
case("Threshold", lambda: nn.Threshold(0.1, 20), R(4, 6))
case("GELU tanh", lambda: nn.GELU("tanh"), R(4, 6))
case("ReLU inplace", lambda: nn.ReLU(inplace=True), R(4, 6, grad=False), backward=False)
case("PReLU channels", lambda: nn.PReLU(6, init=0.3), R(4, 6, 5))
for _name in ["Softmin", "Softmax", "LogSoftmax"]:
    case(_name, lambda n=_name: getattr(nn, n)(dim=1), R(4, 6))
    case(_name + " no dim", lambda n=_name: getattr(nn, n)(), R(4, 6, 3))
case("Softmax2d", nn.Softmax2d, R(2, 3, 4, 5))

# --- linear and the like
case("Identity", nn.Identity, R(3, 4))
case("Linear", lambda: nn.Linear(10, 7), R(5, 10))
case("Linear no bias", lambda: nn.Linear(10, 7, bias=False), R(2, 5, 10))
case("Linear double", lambda: nn.Linear(10, 7, dtype=torch.float64), R(5, 10, dtype="float64"))
case("Bilinear", lambda: nn.Bilinear(4, 5, 6), R(3, 4), R(3, 5))
case("Flatten", nn.Flatten, R(2, 3, 4))
case("Unflatten", lambda: nn.Unflatten(1, (2, 3)), R(2, 6, 4))

# --- convolutions
_S = {1: (9,), 2: (9, 8), 3: (7, 6, 8)}
for _n in (1, 2, 3):
    _c = getattr(nn, f"Conv{_n}d")
    _t = getattr(nn, f"ConvTranspose{_n}d")
    case(f"Conv{_n}d", lambda c=_c: c(4, 6, 3), R(2, 4, *_S[_n]))
    case(f"Conv{_n}d options", lambda c=_c: c(4, 6, 3, stride=2, padding=1, dilation=2, groups=2, bias=False), R(2, 4, *_S[_n]))
    case(f"Conv{_n}d same", lambda c=_c: c(4, 6, 4, padding="same"), R(2, 4, *_S[_n]))
    case(f"Conv{_n}d circular", lambda c=_c: c(4, 6, 3, padding=1, padding_mode="circular"), R(2, 4, *_S[_n]))
    case(f"Conv{_n}d unbatched", lambda c=_c: c(4, 6, 3), R(4, *_S[_n]))
    case(f"ConvTranspose{_n}d", lambda t=_t: t(4, 6, 3), R(2, 4, *_S[_n]))
    case(f"ConvTranspose{_n}d options", lambda t=_t: t(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, bias=False), R(2, 4, *_S[_n]))
    case(f"ConvTranspose{_n}d size", lambda t=_t: t(4, 6, 3, stride=2), R(2, 4, *_S[_n]),
         call=lambda m, x: m(x, output_size=[s * 2 + 2 for s in x.shape[2:]]))

# --- poolings
for _n in (1, 2, 3):
    _s = {1: (16,), 2: (12, 14), 3: (8, 10, 6)}[_n]
    for _k in ("MaxPool", "AvgPool"):
        _c = getattr(nn, f"{_k}{_n}d")
        case(f"{_k}{_n}d", lambda c=_c: c(2), R(2, 3, *_s))
        case(f"{_k}{_n}d options", lambda c=_c: c(3, stride=2, padding=1, ceil_mode=True), R(2, 3, *_s))
    case(f"MaxPool{_n}d indices", lambda n=_n: getattr(nn, f"MaxPool{n}d")(2, return_indices=True), R(2, 3, *_s))
    case(f"MaxUnpool{_n}d", lambda n=_n: getattr(nn, f"MaxUnpool{n}d")(2), R(2, 3, *_s),
         call=lambda m, x, n=_n: m(*getattr(nn.functional, f"max_pool{n}d")(x, 2, return_indices=True)))
    case(f"LPPool{_n}d", lambda n=_n: getattr(nn, f"LPPool{n}d")(2, 3, stride=2), U(2, 3, *_s))
    case(f"AdaptiveAvgPool{_n}d", lambda n=_n: getattr(nn, f"AdaptiveAvgPool{n}d")(4), R(2, 3, *_s))
    case(f"AdaptiveMaxPool{_n}d", lambda n=_n: getattr(nn, f"AdaptiveMaxPool{n}d")(4), R(2, 3, *_s))
case("AdaptiveAvgPool2d none", lambda: nn.AdaptiveAvgPool2d((None, 3)), R(2, 3, 12, 14))
case("AdaptiveMaxPool2d indices", lambda: nn.AdaptiveMaxPool2d((2, 3), return_indices=True), R(2, 3, 12, 14))
case("FractionalMaxPool2d", lambda: nn.FractionalMaxPool2d(3, output_size=(5, 6)), R(2, 3, 12, 14))
case("FractionalMaxPool2d ratio", lambda: nn.FractionalMaxPool2d(3, output_ratio=(0.5, 0.6)), R(2, 3, 12, 14))
case("FractionalMaxPool3d", lambda: nn.FractionalMaxPool3d(2, output_size=(3, 4, 2)), R(2, 3, 8, 10, 6))

# --- paddings
for _n in (1, 2, 3):
    _s = {1: (9,), 2: (9, 8), 3: (5, 6, 7)}[_n]
    for _k in ("Zero", "Reflection", "Replication", "Circular"):
        case(f"{_k}Pad{_n}d", lambda k=_k, n=_n: getattr(nn, f"{k}Pad{n}d")(2), R(2, 3, *_s))
        case(f"{_k}Pad{_n}d sides", lambda k=_k, n=_n: getattr(nn, f"{k}Pad{n}d")(tuple(range(1, 2 * n + 1)) if n < 3 else (1, 2, 3, 1, 2, 1)), R(2, 3, *_s))
    case(f"ConstantPad{_n}d", lambda n=_n: getattr(nn, f"ConstantPad{n}d")(2, 3.5), R(2, 3, *_s))

# --- normalisations
for _n in (1, 2, 3):
    _s = {1: (9,), 2: (6, 5), 3: (3, 4, 5)}[_n]
    for _k in ("BatchNorm", "InstanceNorm"):
        _c = getattr(nn, f"{_k}{_n}d")
        case(f"{_k}{_n}d", lambda c=_c: c(5), R(4, 5, *_s))
        case(f"{_k}{_n}d options", lambda c=_c: c(5, eps=1e-3, momentum=None if "Batch" in c.__name__ else 0.2, affine="Instance" in c.__name__,
                                                  track_running_stats=True), R(4, 5, *_s))
case("BatchNorm1d no stats", lambda: nn.BatchNorm1d(5, track_running_stats=False), R(4, 5))
case("BatchNorm2d eval", lambda: nn.BatchNorm2d(5), R(4, 5, 6, 7), train=False)
case("InstanceNorm2d unbatched", lambda: nn.InstanceNorm2d(5), R(5, 6, 7))
case("SyncBatchNorm eval", lambda: nn.SyncBatchNorm(5), R(4, 5, 6), train=False)
case("LayerNorm", lambda: nn.LayerNorm((4, 5)), R(3, 4, 5))
case("LayerNorm no bias", lambda: nn.LayerNorm(5, bias=False), R(3, 4, 5))
case("RMSNorm", lambda: nn.RMSNorm(5), R(3, 4, 5))
case("RMSNorm eps", lambda: nn.RMSNorm((4, 5), eps=1e-5), R(3, 4, 5))
case("GroupNorm", lambda: nn.GroupNorm(3, 6), R(2, 6, 4, 5))
case("LocalResponseNorm", lambda: nn.LocalResponseNorm(3), R(2, 6, 4, 5))
case("LocalResponseNorm 3d", lambda: nn.LocalResponseNorm(2, alpha=1e-3), R(2, 6, 4))
case("CrossMapLRN2d", lambda: nn.CrossMapLRN2d(3), R(2, 6, 4, 5))

# --- dropouts
for _name, _s in [("Dropout", (6, 7)), ("Dropout1d", (4, 6, 5)), ("Dropout2d", (4, 6, 3, 3)), ("Dropout3d", (4, 6, 2, 3, 2)), ("AlphaDropout", (6, 7)),
                  ("FeatureAlphaDropout", (4, 6, 3))]:
    case(_name, lambda n=_name: getattr(nn, n)(0.3), R(*_s))

# --- embeddings
case("Embedding", lambda: nn.Embedding(10, 4), I(10, 3, 5))
case("Embedding options", lambda: nn.Embedding(10, 4, padding_idx=-2, max_norm=1.0, scale_grad_by_freq=True), I(10, 3, 5))
case("EmbeddingBag", lambda: nn.EmbeddingBag(10, 4), I(10, 3, 5))
case("EmbeddingBag sum", lambda: nn.EmbeddingBag(10, 4, mode="sum"), I(10, 8), T([0, 3, 5]))
case("EmbeddingBag max", lambda: nn.EmbeddingBag(10, 4, mode="max", padding_idx=1), I(10, 3, 5))

# --- recurrent layers
for _name in ("RNN", "LSTM", "GRU"):
    _c = getattr(nn, _name)
    case(_name, lambda c=_c: c(5, 6), R(7, 3, 5))
    case(f"{_name} stacked", lambda c=_c: c(5, 6, num_layers=2, bidirectional=True, batch_first=True, dropout=0.4), R(3, 7, 5))
    case(f"{_name} no bias", lambda c=_c: c(5, 6, bias=False), R(7, 5))
    case(f"{_name} packed", lambda c=_c: c(5, 6, bidirectional=True), R(7, 3, 5),
         call=lambda m, x: m(nn.utils.rnn.pack_padded_sequence(x, torch.tensor([4, 7, 5]), enforce_sorted=False)))
    case(f"{_name}Cell", lambda n=_name: getattr(nn, f"{n}Cell")(5, 6), R(3, 5))
case("RNN relu", lambda: nn.RNN(5, 6, nonlinearity="relu"), R(7, 3, 5), R(1, 3, 6))
case("LSTM projection", lambda: nn.LSTM(5, 6, proj_size=4), R(7, 3, 5))
case("LSTM state", lambda: nn.LSTM(5, 6), R(7, 3, 5), R(1, 3, 6), R(1, 3, 6), call=lambda m, x, h, c: m(x, (h, c)))
case("LSTMCell state", lambda: nn.LSTMCell(5, 6), R(3, 5), R(3, 6), R(3, 6), call=lambda m, x, h, c: m(x, (h, c)))
case("RNNCell relu", lambda: nn.RNNCell(5, 6, nonlinearity="relu", bias=False), R(5), R(6))

# --- attention
case("MultiheadAttention", lambda: nn.MultiheadAttention(8, 2), R(5, 3, 8), R(6, 3, 8), R(6, 3, 8))
case("MultiheadAttention self", lambda: nn.MultiheadAttention(8, 2, batch_first=True, dropout=0.2), R(3, 5, 8),
     call=lambda m, x: m(x, x, x, need_weights=False))
case("MultiheadAttention dims", lambda: nn.MultiheadAttention(8, 2, kdim=5, vdim=7, add_bias_kv=True, add_zero_attn=True), R(5, 3, 8), R(6, 3, 5), R(6, 3, 7))
case("MultiheadAttention masks", lambda: nn.MultiheadAttention(8, 2, bias=False), R(5, 3, 8), R(6, 3, 8),
     call=lambda m, q, k: m(q, k, k, key_padding_mask=torch.tensor([[False] * 6, [False] * 5 + [True], [False] * 4 + [True] * 2]),
                            attn_mask=torch.ones(5, 6).tril(2) == 0, average_attn_weights=False))
case("MultiheadAttention unbatched", lambda: nn.MultiheadAttention(8, 2), R(5, 8), call=lambda m, x: m(x, x, x))
case("TransformerEncoderLayer", lambda: nn.TransformerEncoderLayer(8, 2, dim_feedforward=12), R(5, 3, 8))
case("TransformerEncoderLayer options", lambda: nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, activation="gelu", batch_first=True, norm_first=True, bias=False),
     R(3, 5, 8), call=lambda m, x: m(x, src_mask=nn.Transformer.generate_square_subsequent_mask(5), is_causal=True))
case("TransformerEncoder", lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 12, batch_first=True), 2, norm=nn.LayerNorm(8)), R(3, 5, 8))
case("TransformerEncoder padded", lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 12, batch_first=True), 2), R(3, 5, 8),
     call=lambda m, x: m(x, src_key_padding_mask=torch.tensor([[False] * 5, [False] * 4 + [True], [False] * 3 + [True] * 2])))
case("TransformerDecoderLayer", lambda: nn.TransformerDecoderLayer(8, 2, 12), R(4, 3, 8), R(5, 3, 8))
case("TransformerDecoder", lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 12, norm_first=True), 2), R(4, 3, 8), R(5, 3, 8),
     call=lambda m, t, s: m(t, s, tgt_mask=nn.Transformer.generate_square_subsequent_mask(4)))
case("Transformer", lambda: nn.Transformer(8, 2, 2, 2, 12), R(5, 3, 8), R(4, 3, 8))
case("Transformer batch first", lambda: nn.Transformer(8, 2, 1, 1, 12, batch_first=True, activation="gelu"), R(3, 5, 8), R(3, 4, 8))

# --- losses
case("L1Loss", nn.L1Loss, R(4, 5), R(4, 5, grad=False))
case("MSELoss", nn.MSELoss, R(4, 5), R(4, 5, grad=False))
case("MSELoss sum", lambda: nn.MSELoss(reduction="sum"), R(4, 5), R(4, 5, grad=False))
case("NLLLoss", nn.NLLLoss, L(4, 5), I(5, 4))
case("NLLLoss2d", nn.NLLLoss2d, R(2, 3, 4, 5), I(3, 2, 4, 5))
case("NLLLoss weight", lambda: nn.NLLLoss(weight=torch.arange(1.0, 6.0), ignore_index=2, reduction="none"), L(4, 5), I(5, 4))
case("PoissonNLLLoss", lambda: nn.PoissonNLLLoss(full=True), R(4, 5), I(5, 4, 5))
case("GaussianNLLLoss", lambda: nn.GaussianNLLLoss(full=True), R(4, 5), R(4, 5, grad=False), U(4, 5))
case("KLDivLoss", lambda: nn.KLDivLoss(reduction="batchmean"), L(4, 5), P(4, 5))
case("KLDivLoss mean", nn.KLDivLoss, L(4, 5), P(4, 5))
case("BCELoss", nn.BCELoss, U(4, 5), U(4, 5, grad=False))
case("BCEWithLogitsLoss", lambda: nn.BCEWithLogitsLoss(pos_weight=torch.arange(1.0, 6.0)), R(4, 5), U(4, 5, grad=False))
case("HingeEmbeddingLoss", nn.HingeEmbeddingLoss, R(4, 5), S(4, 5))
case("MultiLabelMarginLoss", nn.MultiLabelMarginLoss, R(2, 4), T([3, 0, -1, 1]), call=lambda m, x, y: m(x, y.expand(2, 4)))
case("SmoothL1Loss", nn.SmoothL1Loss, R(4, 5), R(4, 5, grad=False))
case("SmoothL1Loss beta", lambda: nn.SmoothL1Loss(beta=0.5), R(4, 5), R(4, 5, grad=False))
case("HuberLoss", lambda: nn.HuberLoss(delta=0.7), R(4, 5), R(4, 5, grad=False))
case("SoftMarginLoss", nn.SoftMarginLoss, R(4, 5), S(4, 5))
case("CrossEntropyLoss", nn.CrossEntropyLoss, R(4, 5), I(5, 4))
case("CrossEntropyLoss options", lambda: nn.CrossEntropyLoss(weight=torch.arange(1.0, 6.0), ignore_index=1, label_smoothing=0.1), R(4, 5, 3), I(5, 4, 3))
case("CrossEntropyLoss probabilities", nn.CrossEntropyLoss, R(4, 5), P(4, 5))
case("MultiLabelSoftMarginLoss", nn.MultiLabelSoftMarginLoss, R(4, 5), I(2, 4, 5))
case("CosineEmbeddingLoss", lambda: nn.CosineEmbeddingLoss(margin=0.1), R(4, 5), R(4, 5), S(4))
case("MarginRankingLoss", lambda: nn.MarginRankingLoss(margin=0.1), R(4), R(4), S(4))
case("MultiMarginLoss", lambda: nn.MultiMarginLoss(p=2), R(4, 5), I(5, 4))
case("TripletMarginLoss", lambda: nn.TripletMarginLoss(swap=True), R(4, 5), R(4, 5), R(4, 5))
case("TripletMarginWithDistanceLoss", lambda: nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: 1.0 - nn.functional.cosine_similarity(x, y)),
     R(4, 5), R(4, 5), R(4, 5))
case("CTCLoss", nn.CTCLoss, L(9, 2, 5), T([1, 2, 3, 4, 1, 2]), T([9, 8]), T([3, 3]), call=lambda m, x, y, a, b: m(x, y.view(2, 3), a, b))
case("AdaptiveLogSoftmaxWithLoss", lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 12], div_value=2.0, head_bias=True), R(6, 8), I(20, 6))
case("AdaptiveLogSoftmaxWithLoss log_prob", lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 12], div_value=2.0), R(6, 8), call=lambda m, x: (m.log_prob(x), m.predict(x)))

# --- vision, distance
case("PixelShuffle", lambda: nn.PixelShuffle(2), R(2, 8, 3, 4))
case("PixelUnshuffle", lambda: nn.PixelUnshuffle(2), R(2, 3, 4, 6))
case("ChannelShuffle", lambda: nn.ChannelShuffle(2), R(2, 6, 3, 4))
case("Upsample", lambda: nn.Upsample(scale_factor=2), R(2, 3, 4, 5))
case("Upsample bicubic", lambda: nn.Upsample(size=(7, 9), mode="bicubic", align_corners=True), R(2, 3, 4, 5))
case("Upsample trilinear", lambda: nn.Upsample(scale_factor=1.5, mode="trilinear"), R(2, 3, 4, 5, 3))
case("Upsample linear", lambda: nn.Upsample(scale_factor=2.5, mode="linear", recompute_scale_factor=True), R(2, 3, 4))
case("UpsamplingNearest2d", lambda: nn.UpsamplingNearest2d(scale_factor=2), R(2, 3, 4, 5))
case("UpsamplingBilinear2d", lambda: nn.UpsamplingBilinear2d(size=(6, 7)), R(2, 3, 4, 5))
case("Fold", lambda: nn.Fold((4, 5), (2, 2)), R(2, 12, 12))
case("Unfold", lambda: nn.Unfold((2, 3), padding=1), R(2, 3, 4, 5))
case("CosineSimilarity", nn.CosineSimilarity, R(4, 5), R(4, 5))
case("PairwiseDistance", lambda: nn.PairwiseDistance(keepdim=True), R(4, 5), R(4, 5))

# --- containers
case("Sequential", lambda: nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)), R(2, 5))
case("ModuleList", lambda: nn.ModuleList([nn.Linear(5, 5) for _ in range(3)]), R(2, 5), call=lambda m, x: m[2](m[1](m[0](x))))
case("ModuleDict", lambda: nn.ModuleDict({"first": nn.Linear(5, 4), "second": nn.ReLU()}), R(2, 5), call=lambda m, x: m["second"](m["first"](x)))
case("ParameterList", lambda: nn.ParameterList([torch.randn(3), torch.randn(2, 3)]), R(2, 3), call=lambda m, x: x * m[0] + m[1])
case("ParameterDict", lambda: nn.ParameterDict({"left": torch.randn(3), "right": torch.randn(2, 3)}), R(2, 3), call=lambda m, x: x * m["left"] + m["right"])

# --- lazy modules
case("LazyLinear", lambda: nn.LazyLinear(4), R(3, 5))
for _n in (1, 2, 3):
    case(f"LazyConv{_n}d", lambda n=_n: getattr(nn, f"LazyConv{n}d")(6, 3), R(2, 4, *_S[_n]))
    case(f"LazyConvTranspose{_n}d", lambda n=_n: getattr(nn, f"LazyConvTranspose{n}d")(6, 3), R(2, 4, *_S[_n]))
    _s = {1: (9,), 2: (6, 5), 3: (3, 4, 5)}[_n]
    case(f"LazyBatchNorm{_n}d", lambda n=_n: getattr(nn, f"LazyBatchNorm{n}d")(), R(4, 5, *_s))
    case(f"LazyInstanceNorm{_n}d", lambda n=_n: getattr(nn, f"LazyInstanceNorm{n}d")(affine=True, track_running_stats=True), R(4, 5, *_s))

# --- wrappers
case("DataParallel", lambda: nn.DataParallel(nn.Linear(5, 4)), R(3, 5))

if hasattr(nn, "LinearCrossEntropyLoss"):
    case("LinearCrossEntropyLoss", lambda: nn.LinearCrossEntropyLoss(6, 5), R(4, 6), I(5, 4))

if __name__ == "__main__":
    if len(sys.argv) > 1:
        torch.set_num_threads(int(sys.argv[1]))
    chosen = sys.argv[2:] or list(CASES)
    results = {}
    for name in chosen:
        try:
            results[name] = run(name)
        except Exception as e:  # a case that Python itself refuses is a mistake of this program
            results[name] = {"error": f"{type(e).__name__}: {e}"}
    classes = sorted(n for n in dir(nn) if inspect.isclass(getattr(nn, n)))
    json.dump({"version": torch.__version__, "classes": classes, "cases": results}, sys.stdout)
