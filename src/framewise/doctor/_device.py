"""GPUs and attention."""

from importlib.util import find_spec
from pathlib import Path

import torch

from framewise.doctor._finding import Finding, fault, ok, warning

_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 3e-2}
"""Largest difference of values around 1; float32 may be computed in tf32."""
_DRIVER = Path("/dev/nvidiactl")


def gpus() -> Finding:
    """What torch can compute on."""
    name = "GPU"
    if not torch.cuda.is_available():
        if _DRIVER.exists():
            return warning(
                name,
                f"this machine has a driver, but torch {torch.__version__} sees no GPU",
                "install a torch build for it",
            )
        return warning(name, "none", "models of real size want one")
    devices = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    return ok(name, ", ".join(f"{d.name} ({d.total_memory / (1 << 30):.0f} GiB)" for d in devices))


def bfloat16() -> Finding:
    """Whether training can compute in bfloat16."""
    name = "bfloat16"
    if torch.cuda.is_available() and torch.cuda.is_bf16_supported():
        return ok(name, "the GPU computes in it")
    return warning(
        name, "no GPU that computes in it", "training computes in float32: twice the memory, and slower"
    )


def attention() -> Finding:
    """Whether torch's fused attention equals its definition, with padding on the left as batches have it."""
    name = "attention"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    half = device == "cuda" and torch.cuda.is_bf16_supported()
    dtype = torch.bfloat16 if half else torch.float32
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(2, 4, 16, 32, generator=generator).to(dtype) for _ in range(3))
    mask = torch.ones(2, 1, 16, 16, dtype=torch.bool).tril()
    mask[0, :, :, :5] = torch.eye(16, dtype=torch.bool)[:, :5]
    there = [tensor.to(device) for tensor in (query, key, value)]
    try:
        fused = _fused(there[0], there[1], there[2], mask.to(device)).cpu().double()
    except RuntimeError as failure:
        reason = str(failure).strip().splitlines()[0]
        return fault(
            name, f"fused attention does not run on {device}: {reason}", "install another build of torch"
        )
    scores = (query.double() @ key.double().transpose(-1, -2)) / query.shape[-1] ** 0.5
    plain = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1) @ value.double()
    error = (fused - plain).abs().max().item()
    found = f"fused attention in {str(dtype).removeprefix('torch.')} on {device}"
    # Written so that a difference that is no number counts as one.
    if not error < _TOLERANCE[dtype]:
        return fault(name, f"{found} is off by {error:.2g}", "install another build of torch")
    extra = "installed" if find_spec("flash_attn") else "not installed, nor needed"
    return ok(name, f"{found} is right to {error:.1g}; flash-attn is {extra}")


def _fused(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
