namespace TorchBind;

/// <summary>Quantization schemes, with the numbers of <c>c10::QScheme</c>. Mirrors <c>torch.qscheme</c>.</summary>
public enum QScheme
{
    /// <summary>One scale and zero point for the whole tensor.</summary>
    PerTensorAffine = 0,
    /// <summary>A scale and zero point per channel.</summary>
    PerChannelAffine = 1,
    /// <summary>One scale for the whole tensor.</summary>
    PerTensorSymmetric = 2,
    /// <summary>A scale per channel.</summary>
    PerChannelSymmetric = 3,
    /// <summary>A scale and zero point per channel, both floating-point.</summary>
    PerChannelAffineFloatQParams = 4,
}
