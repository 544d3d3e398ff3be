"""Settings of the program and of a thread, random states, and what tensors and dtypes say of themselves: what can be seen of them, step by step."""
import threading

import torch
from autograd_log import case, main


def on_a_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def name(dtype):
    return str(dtype)[6:]


class Stop(Exception):
    pass


@case
def grad_modes(log):
    x = torch.ones(2, requires_grad=True)

    def see():
        log(torch.is_grad_enabled(), (x * 2).requires_grad, x.detach().requires_grad)

    see()
    with torch.no_grad():
        see()
        with torch.enable_grad():
            see()
            with torch.set_grad_enabled(False):
                see()
            see()
        see()
        on_a_thread(see)
    see()
    try:
        with torch.no_grad():
            with torch.enable_grad():
                with torch.no_grad():
                    see()
                    raise Stop
    except Stop:
        see()
    try:
        with torch.enable_grad(), torch.no_grad():
            torch.ones(2) + torch.ones(3)
    except RuntimeError:
        see()
    with torch.no_grad():
        y = torch.ones(2, requires_grad=True)
        x.add_(1)
        log(y.requires_grad, x)
    log.error(lambda: x.add_(1))
    with torch.no_grad():
        view = x[:1]
    log.error(lambda: view.mul_(2))


@case
def inference_mode(log):
    x = torch.ones(2, requires_grad=True)

    def see():
        y = x * 2
        log(torch.is_inference_mode_enabled(), torch.is_grad_enabled(), y.requires_grad, y.is_inference(), torch.ones(1).is_inference())

    see()
    with torch.inference_mode():
        see()
        made = torch.ones(2)
        with torch.inference_mode(False):
            see()
            with torch.no_grad():
                see()
        with torch.enable_grad():
            see()
        see()
        on_a_thread(see)
    see()
    try:
        with torch.inference_mode():
            raise Stop
    except Stop:
        see()
    with torch.inference_mode(False):
        see()
    log(made.is_inference(), (made + 1).is_inference(), made.clone().is_inference())
    log.error(lambda: made.add_(1))
    log.error(lambda: made * x)
    log.error(lambda: made.requires_grad_() * 1)
    with torch.inference_mode():
        made.add_(1)
        log(made)
        log.error(lambda: made._version)


@case
def default_dtype(log):
    def see():
        log(name(torch.get_default_dtype()))
        for x in (torch.tensor(1.5), torch.tensor([1, 2]), torch.tensor(True), torch.zeros(2), torch.ones(1), torch.full([2], 1.5),
                  torch.full([2], 2), torch.arange(3), torch.arange(0, 1.5, 0.5), torch.linspace(0, 1, 3), torch.eye(2), torch.tensor([1, 2]) / 2,
                  torch.tensor([1, 2]).sqrt(), torch.tensor([1, 2]) * 1.5, torch.tensor([1, 2]).mean(dtype=torch.get_default_dtype()),
                  torch.ones_like(torch.tensor([1])), torch.nn.Linear(2, 2).weight.detach() * 0, torch.hann_window(4),
                  torch.complex(torch.ones(1), torch.ones(1)) if torch.get_default_dtype() != torch.bfloat16 else torch.ones(1)):
            log(x)
        log.error(lambda: log(torch.tensor(1 + 2j)), "")
        log(torch.finfo().dtype)

    before = torch.get_default_dtype()
    see()
    try:
        for dtype in (torch.float64, torch.float16, torch.bfloat16):
            torch.set_default_dtype(dtype)
            see()
            on_a_thread(lambda: log(name(torch.get_default_dtype()), torch.zeros(1)))
        torch.set_default_dtype(torch.float64)
        for wrong in (torch.int64, torch.bool, torch.complex64):
            log.error(lambda: torch.set_default_dtype(wrong), "")
            log(name(torch.get_default_dtype()))
    finally:
        torch.set_default_dtype(before)
    see()


@case
def default_device(log):
    def device():
        try:
            return str(torch.get_default_device())
        except AttributeError:  # of 2.6, once it was set to None
            return "cpu"

    def see():
        log(device())
        for x in (torch.tensor(1.5), torch.tensor([1, 2]), torch.zeros(2), torch.full([2], 2), torch.arange(3), torch.eye(2), torch.rand(2), torch.empty(1),
                  torch.nn.Linear(2, 2).weight, torch.zeros(1, device="cpu"), torch.ones_like(torch.zeros(1, device="cpu"))):
            log(str(x.device))

    see()
    try:
        torch.set_default_device("meta")
        see()
        torch.set_default_device("cpu")
        see()
        torch.set_default_device("meta")
        torch.set_default_device(None)
        see()
    finally:
        torch.set_default_device(None)
    log.error(lambda: torch.set_default_device("nothing"), "")
    see()


@case
def print_options(log):
    x = torch.tensor([[1 / 3, 2e5], [-1.0, 1e-5]], dtype=torch.float64)
    wide = torch.arange(2000)

    def see():
        log(str(x), str(wide), str(x.to(torch.complex64)), str(torch.tensor(2 / 3)))

    see()
    try:
        torch.set_printoptions(precision=2)
        see()
        torch.set_printoptions(sci_mode=True, edgeitems=2)
        see()
        torch.set_printoptions(profile="short")
        see()
        torch.set_printoptions(profile="full", linewidth=60)
        log(str(x), str(wide[:100]))
        torch.set_printoptions(profile="default")
        see()
        with torch._tensor_str.printoptions(precision=7, sci_mode=False):
            see()
            on_a_thread(lambda: log(str(x)))
        see()
        try:
            with torch._tensor_str.printoptions(threshold=3, edgeitems=1):
                see()
                raise Stop
        except Stop:
            see()
    finally:
        torch.set_printoptions(profile="default")


@case
def deterministic(log):
    def see():
        log(torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled(), torch.get_deterministic_debug_mode())
        x = torch.zeros(4)
        log.error(lambda: log(x.put_(torch.tensor([1, 2]), torch.tensor([5.0, 6.0]))))
        log.error(lambda: log(torch.zeros(3).index_put_((torch.tensor([0, 1]),), torch.tensor([1.0, 2.0]))))
        log.error(lambda: log(torch.zeros(3).scatter_(0, torch.tensor([0, 1]), torch.tensor([1.0, 2.0]))))

    see()
    try:
        torch.use_deterministic_algorithms(True)
        see()
        log(torch.empty(3), torch.empty(2, dtype=torch.int32), torch.empty(2, dtype=torch.bool), torch.empty(1, dtype=torch.complex64), torch.zeros(0).resize_(2))
        on_a_thread(lambda: log(torch.are_deterministic_algorithms_enabled(), torch.empty(2)))
        torch.use_deterministic_algorithms(True, warn_only=True)
        see()
        torch.use_deterministic_algorithms(False)
        see()
        for mode in (2, 1, 0, "error", "warn", "default"):
            torch.set_deterministic_debug_mode(mode)
            log(torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled(), torch.get_deterministic_debug_mode())
        log.error(lambda: torch.set_deterministic_debug_mode("other"), "")
        log.error(lambda: torch.set_deterministic_debug_mode(3), "")
        log(torch.get_deterministic_debug_mode())
    finally:
        torch.use_deterministic_algorithms(False)


@case
def threads(log):
    before = torch.get_num_threads()
    try:
        for count in (1, 3, 2):
            torch.set_num_threads(count)
            log(torch.get_num_threads())
            on_a_thread(lambda: log(torch.get_num_threads()))
            log(torch.ones(100000, dtype=torch.float64).sum())
        log.error(lambda: torch.set_num_threads(0), "")
        log.error(lambda: torch.set_num_threads(-2), "")
        log(torch.get_num_threads())
        torch.init_num_threads()
        log(torch.get_num_threads(), torch.get_num_interop_threads() > 0)
    finally:
        torch.set_num_threads(before)


@case
def autocast(log):
    a, b = torch.ones(2, 2), torch.full([2, 2], 1 / 3)
    weight = torch.full([2, 2], 0.3, requires_grad=True)
    convolved = torch.ones(1, 1, 3, 3)

    def see():
        log(torch.is_autocast_enabled("cpu"), name(torch.get_autocast_dtype("cpu")), torch.is_autocast_cache_enabled())
        log.error(lambda: log(torch.nn.functional.linear(a, weight)))
        log(a @ b, a + b, torch.nn.functional.conv2d(convolved, convolved), (a @ b).exp(), torch.softmax(a @ b, 0),
            torch.nn.functional.mse_loss((a @ b), a), a.double() @ b.double(), torch.cat([a @ b, a]))

    see()
    with torch.autocast("cpu"):
        see()
        with torch.autocast("cpu", enabled=False):
            see()
            with torch.autocast("cpu", dtype=torch.float16):
                see()
            see()
        with torch.autocast("cpu", cache_enabled=False):
            see()
        see()
        on_a_thread(see)
        loss = torch.nn.functional.linear(a, weight).sum()
    loss.backward()
    log(weight.grad)
    see()
    try:
        with torch.autocast("cpu", dtype=torch.float16), torch.autocast("cpu"):
            see()
            raise Stop
    except Stop:
        see()
    torch.set_autocast_enabled("cpu", True)
    torch.set_autocast_dtype("cpu", torch.float16)
    torch.set_autocast_cache_enabled(False)
    see()
    on_a_thread(see)
    torch.set_autocast_enabled("cpu", False)
    torch.set_autocast_dtype("cpu", torch.bfloat16)
    torch.set_autocast_cache_enabled(True)
    see()
    log(torch.autocast_increment_nesting(), torch.autocast_increment_nesting(), torch.autocast_decrement_nesting(), torch.autocast_decrement_nesting())
    torch.clear_autocast_cache()
    log.error(lambda: torch.is_autocast_enabled("meta"), "")


@case
def flush_denormal(log):
    small, tiny = torch.tensor([5e-324, 1e-310, 1e-300], dtype=torch.float64), torch.tensor([1e-45, 1e-39, 1e-30])

    def see():
        log(small * 1, small + small, tiny * 1, tiny.sum(), small / 2, (small[1:] * 0.5).sum())

    see()
    try:
        log(torch.set_flush_denormal(True))
        see()
        on_a_thread(see)
    finally:
        log(torch.set_flush_denormal(False))
    see()


@case
def matmul_precision(log):
    a = torch.randn(8, 8)
    log(torch.get_float32_matmul_precision())
    try:
        for precision in ("high", "medium", "highest"):
            torch.set_float32_matmul_precision(precision)
            log(torch.get_float32_matmul_precision())
            on_a_thread(lambda: log(torch.get_float32_matmul_precision()))
            if precision != "medium":
                log(a @ a)
    finally:
        torch.set_float32_matmul_precision("highest")
    log(torch.is_warn_always_enabled())
    torch.set_warn_always(True)
    log(torch.is_warn_always_enabled())
    on_a_thread(lambda: log(torch.is_warn_always_enabled()))
    torch.set_warn_always(False)
    log(torch.is_warn_always_enabled())


@case
def sparse_invariants(log):
    def make():
        return torch.sparse_coo_tensor(torch.tensor([[0, 9]]), torch.tensor([1.0, 2.0]), [3])

    def make_csr():
        return torch.sparse_csr_tensor(torch.tensor([0, 2, 1]), torch.tensor([0, 1]), torch.tensor([1.0, 2.0]), [2, 2])

    def see():
        log(torch.sparse.check_sparse_tensor_invariants.is_enabled())
        log.error(lambda: log(make()._nnz()))
        log.error(lambda: log(make_csr()._nnz()))

    log(torch.sparse.check_sparse_tensor_invariants.is_enabled())
    with torch.sparse.check_sparse_tensor_invariants():
        see()
        with torch.sparse.check_sparse_tensor_invariants(False):
            log(torch.sparse.check_sparse_tensor_invariants.is_enabled())
            log(make_csr()._nnz())
        see()
        on_a_thread(see)
    log(torch.sparse.check_sparse_tensor_invariants.is_enabled())
    try:
        with torch.sparse.check_sparse_tensor_invariants():
            raise Stop
    except Stop:
        log(torch.sparse.check_sparse_tensor_invariants.is_enabled())


@case
def random(log):
    log(torch.manual_seed(5).initial_seed(), torch.initial_seed(), torch.random.initial_seed())
    log(torch.rand(3), torch.randn(3), torch.randint(0, 100, [3]), torch.randperm(5))
    state = torch.random.get_rng_state()
    log(state, torch.rand(2))
    torch.random.set_rng_state(state)
    log(torch.rand(2))
    torch.set_rng_state(state)
    with torch.random.fork_rng(devices=[]):
        log(torch.rand(2))
        torch.manual_seed(9)
        log(torch.rand(2))
        with torch.random.fork_rng(devices=[]):
            log(torch.rand(1))
        log(torch.rand(1))
    log(torch.rand(2), torch.initial_seed())
    with torch.random.fork_rng(devices=[], enabled=False):
        torch.manual_seed(9)
    log(torch.rand(2))
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(77)
            raise Stop
    except Stop:
        log(torch.rand(2), torch.initial_seed())
    torch.random.manual_seed(-3)
    log(torch.rand(2), torch.default_generator.get_state().sum())
    on_a_thread(lambda: log(torch.rand(1)))
    log(torch.rand(1))
    seed = torch.random.seed()
    log(seed == torch.initial_seed(), torch.seed() == seed)
    log.error(lambda: torch.set_rng_state(torch.zeros(3, dtype=torch.uint8)), "")
    log.error(lambda: torch.set_rng_state(state.float()), "")
    log(torch.random.thread_safe_generator() is None if hasattr(torch.random, "thread_safe_generator") else True)
    torch.manual_seed(0)


@case
def generators(log):
    g, h = torch.Generator(), torch.Generator()
    log(g.initial_seed(), str(g.device))
    log(torch.rand(2, generator=g), torch.rand(2, generator=h))
    g.manual_seed(3)
    h.manual_seed(3)
    log(torch.rand(2, generator=g), torch.randn(2, generator=h), torch.rand(2), torch.randn(3, generator=g, dtype=torch.float64))
    state = g.get_state()
    x = torch.randperm(6, generator=g)
    h.set_state(state)
    log(x, torch.randperm(6, generator=h), g.initial_seed(), h.initial_seed())
    log(torch.zeros(4).uniform_(generator=g), torch.zeros(4).normal_(2, 3, generator=g), torch.zeros(4).exponential_(generator=g),
        torch.zeros(4).bernoulli_(0.3, generator=g), torch.zeros(4).cauchy_(generator=g), torch.zeros(4).log_normal_(generator=g),
        torch.zeros(4).geometric_(0.4, generator=g), torch.zeros(4, dtype=torch.int64).random_(generator=g), torch.zeros(4).random_(5, generator=g))
    log(torch.multinomial(torch.ones(5), 3, generator=g), torch.bernoulli(torch.full([4], 0.5), generator=g), torch.normal(0.0, 1.0, [3], generator=g),
        torch.poisson(torch.full([3], 4.0), generator=g))
    log.error(lambda: g.set_state(torch.zeros(2, dtype=torch.uint8)), "")
    log.error(lambda: torch.rand(2, generator=g, device="meta"), "")


@case
def numbers(log):
    dtypes = ["uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool", "float16", "bfloat16", "float32", "float64", "complex32",
              "complex64", "complex128", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "qint8", "quint8", "qint32"]
    for dtype in (getattr(torch, n) for n in dtypes):
        log(name(dtype), dtype.is_floating_point, dtype.is_complex, dtype.itemsize)
        if dtype.is_floating_point or dtype.is_complex:
            f = torch.finfo(dtype)
            log(f.bits, f.eps, f.max, f.min, f.tiny, f.smallest_normal, f.resolution)
        elif dtype != torch.bool:
            i = torch.iinfo(dtype)
            log(i.bits, str(i.max), str(i.min))
        else:
            log.error(lambda: torch.iinfo(dtype), "")
    log.error(lambda: torch.finfo(torch.int32), "")
    log.error(lambda: torch.iinfo(torch.float32), "")
    log(torch.pi, torch.e, torch.inf, str(torch.nan))


STRIDES = [([2, 3, 4], [12, 4, 1]), ([2, 3, 4], [1, 2, 6]), ([2, 3, 4], [4, 8, 1]), ([1, 3, 1, 2], [6, 1, 6, 3]), ([2, 1, 3], [3, 3, 1]), ([2, 1, 3], [3, 100, 1]),
           ([3, 3], [0, 1]), ([3, 3], [1, 0]), ([2, 3, 4, 5], [60, 1, 15, 3]), ([4, 2, 4, 2], [1, 4, 1, 4]), ([0, 2, 3], [6, 1, 2]), ([2, 0, 3], [1, 2, 4]),
           ([2, 2, 2, 2, 2], [1, 0, 8, 2, 4]), ([1, 1, 1], [5, 7, 6]), ([3, 2, 5], [2, 2, 2]), ([5, 2, 3], [2, 2, 2]), ([1, 2, 1, 2], [1, 2, 3, 1]), ([2, 1, 2, 2], [4, 1, 2, 1])]


@case
def attributes(log):
    x = torch.arange(24, dtype=torch.float32).view(2, 3, 4)
    eye = torch.eye(3)
    for t in (x, x.permute(2, 0, 1), x[:, 1], x[:, :, ::2], torch.tensor(1, dtype=torch.int16), torch.zeros(0, 3, dtype=torch.bool), x.to(torch.complex64).conj(),
              torch.zeros(2, dtype=torch.complex128).conj().imag, torch.zeros(2, device="meta"), eye.to_sparse(), eye.to_sparse_csr(), eye.half(), x.bfloat16(),
              torch.quantize_per_tensor(eye, 0.1, 3, torch.qint8), x.to(memory_format=torch.preserve_format), torch.zeros(1, 3, 1, 2).to(memory_format=torch.channels_last)):
        log(t.itemsize, t.nelement(), t.numel(), t.ndimension(), t.dim(), t.element_size(), t.get_device(), torch.get_device(t), torch.numel(t))
        log(t.is_cpu, t.is_cuda, t.is_meta, t.is_sparse, t.is_sparse_csr, t.is_quantized, t.is_conj(), t.is_neg(), t.is_mkldnn, t.is_mps, t.is_xpu, t.is_vulkan,
            t.is_nested, t.is_xla, t.is_ipu, t.is_mtia, t.is_complex(), t.is_floating_point())
        log(str(t.device), name(t.dtype), name(t.layout), torch.is_tensor(t), torch.is_storage(t))
        log.error(lambda: log(t.is_signed()), "")
        if t.layout == torch.strided:
            log(t.nbytes, t.storage_offset(), list(t.stride()), t.is_contiguous(), t._is_view(), list(t.dim_order()), t.untyped_storage().nbytes())
        if t.layout != torch.sparse_csr and not t.is_quantized and not t.is_meta:
            log(t.type(), torch.typename(t))
    for shape, stride in STRIDES:
        log(list(torch.empty_strided(shape, stride).dim_order()))
    c = torch.zeros(2, dtype=torch.complex64)
    c.real = torch.tensor([1.0, 2.0])
    c.imag = 3
    log(c, c.real, c.imag)
    log.error(lambda: x.imag, "")
    y = torch.zeros(2)
    y.real = torch.ones(2)
    log(y)


@case
def element_functions(log):
    x = torch.arange(6, dtype=torch.float64).view(2, 3)
    log(x.clone().apply_(lambda v: v * v + 1), x.t().clone().t().apply_(lambda v: -v), torch.tensor(3.0).apply_(lambda v: v / 2))
    log(torch.arange(4).apply_(lambda v: v + 3), torch.zeros(0).apply_(lambda v: v))
    log(x.clone().map_(torch.full([2, 3], 2.0, dtype=torch.float64), lambda a, b: a * b), x.clone().map_(torch.arange(3, dtype=torch.float64), lambda a, b: a - b))
    log(x.clone().map2_(x, x + 1, lambda a, b, c: a + b * c))
    log.error(lambda: x.clone().requires_grad_().apply_(lambda v: v), "")
    log.error(lambda: x.clone().map_(torch.zeros(4, dtype=torch.float64), lambda a, b: a), "")
    log(x.new_tensor([1, 2]), torch.tensor([1]).new_tensor([1.5, 2.5]), x.new_tensor([[1, 2], [3, 4]], dtype=torch.int32), x.new_tensor([1.0], requires_grad=True))
    log(x.new_zeros([2]), x.new_ones([1, 2], dtype=torch.bool), x.new_full([2], 7), x.new_empty([0]))


@case
def buffers(log):
    data = bytearray(range(1, 25))
    for dtype in (torch.uint8, torch.int16, torch.float32, torch.int64, torch.bool, torch.complex64):
        log(torch.frombuffer(data, dtype=dtype), torch.frombuffer(data, dtype=dtype, offset=8), torch.frombuffer(data, dtype=dtype, count=1, offset=8))
    shared = torch.frombuffer(data, dtype=torch.uint8)
    data[0] = 77
    log(shared[0])
    shared[1] = 66
    log(data[1])
    log.error(lambda: torch.frombuffer(data, dtype=torch.int64, offset=3), "")
    log.error(lambda: torch.frombuffer(data, dtype=torch.int64, count=4), "")
    log.error(lambda: torch.frombuffer(data, dtype=torch.uint8, offset=-1), "")
    log.error(lambda: torch.frombuffer(data, dtype=torch.uint8, offset=25), "")
    log.error(lambda: torch.frombuffer(data, dtype=torch.uint8, offset=24), "")
    log.error(lambda: torch.frombuffer(data, dtype=torch.uint8, count=0), "")
    log.error(lambda: torch.frombuffer(bytearray(), dtype=torch.uint8), "")
    log(torch.frombuffer(data, dtype=torch.float32, requires_grad=True).requires_grad)
    log.error(lambda: torch.frombuffer(data, dtype=torch.int32, requires_grad=True), "")
    numbers = torch.tensor([1.0, 2.0], dtype=torch.float64)
    log(torch.as_tensor(numbers) is numbers, torch.as_tensor(numbers, dtype=torch.int64), torch.asarray(numbers, copy=True).data_ptr() == numbers.data_ptr())


@case
def shared_memory(log):
    def see(x):
        log(x.is_shared(), x)

    for x in (torch.arange(6.0).view(2, 3), torch.arange(6, dtype=torch.int16).view(2, 3).t(), torch.tensor(2 + 1j), torch.zeros(0, 3), torch.ones(3, dtype=torch.bool),
              torch.arange(10.0)[2:8:2], torch.ones(1).expand(3), torch.ones(2, dtype=torch.bfloat16)):
        see(x)
        view, address = x.view(-1) if x.is_contiguous() else x[..., :1], x.data_ptr()
        log(x.share_memory_() is x)
        see(x)
        log(view.is_shared(), x.detach().is_shared(), x.clone().is_shared(), (x + 0).is_shared(), x.numel() == 0 or x.data_ptr() != address)
        x.zero_() if not x.dtype.is_complex else x.fill_(1j)
        log(view, list(x.stride()), x.storage_offset(), x.untyped_storage().nbytes())
        address = x.data_ptr()
        log(x.share_memory_().data_ptr() == address, view.share_memory_().is_shared())
    leaf = torch.ones(3, requires_grad=True)
    y = (leaf * 2).share_memory_()
    y.sum().backward()
    log(leaf.grad, y, y.is_shared(), leaf.share_memory_().is_shared(), leaf.requires_grad, leaf.is_leaf)
    module = torch.nn.Linear(2, 2)
    log(module.weight.share_memory_().is_shared(), module.bias.is_shared())
    big = torch.arange(300000).share_memory_()
    log(big.sum(), big[1000:2000].is_shared())
    big.resize_(2)
    log(big, big.is_shared())
    big.set_(torch.ones(2, dtype=torch.int64))
    see(big)
    log.error(lambda: torch.eye(2).to_sparse().is_shared(), "")
    log.error(lambda: torch.eye(2).to_sparse().share_memory_(), "")
    log(torch.zeros(2, device="meta").is_shared())


@case
def grad_dtype(log):
    x = torch.ones(2, requires_grad=True)
    if not hasattr(x, "grad_dtype"):
        log("absent")
        return
    log(name(x.grad_dtype))
    x.grad_dtype = torch.float64
    log(name(x.grad_dtype))
    (x * 2).sum().backward()
    log(x.grad)
    x.grad = None
    x.grad_dtype = None
    log(x.grad_dtype)
    log.error(lambda: setattr(x * 2, "grad_dtype", torch.float64), "")


@case
def versions(log):
    like, leaf = torch.zeros(2, dtype=torch.float32), torch.ones(2, requires_grad=True)
    made = [
        torch.empty(2), torch.zeros(2), torch.ones(2), torch.full((2,), 3.0), torch.eye(2), torch.arange(3), torch.arange(0, 1, 0.5),
        torch.linspace(0, 1, 3), torch.logspace(0, 1, 3), torch.rand(2), torch.randn(2), torch.randint(3, (2,)), torch.randperm(3),
        torch.normal(0.0, 1.0, (2,)), torch.empty_strided((2,), (1,)), torch.tril_indices(2, 2), torch.hann_window(4), torch.scalar_tensor(1.0),
        torch.zeros_like(like), torch.ones_like(like), torch.full_like(like, 2), torch.rand_like(like), torch.randn_like(like),
        torch.randint_like(like, 3), torch.empty_like(like), torch.tensor([1.0, 2.0]), torch.tensor(3), leaf, torch.zeros(2, requires_grad=True),
        torch.rand(2, requires_grad=True), torch.ones_like(leaf), like.new_zeros(2), like.new_ones(2), like.new_full((2,), 1), like.new_empty(2),
        like.new_tensor([1.0]), torch.complex(like, like), torch.bernoulli(like), torch.sparse_coo_tensor((2, 2)), torch.from_numpy(like.numpy()),
    ]
    log(*[x._version for x in made])
    made[1].add_(1)
    log(made[1]._version, made[1].clone()._version, made[1].detach()._version)
    log(torch.ones_like(leaf).requires_grad, torch.ones_like(leaf, requires_grad=True).is_leaf)
    log(torch.func.vmap(lambda x: x + torch.ones(2) + torch.zeros_like(x))(torch.arange(6.0).view(3, 2)))


if __name__ == "__main__":
    main()
