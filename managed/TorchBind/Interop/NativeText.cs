using System.Runtime.InteropServices;

namespace TorchBind.Interop;

/// <summary>Texts that the shim allocated.</summary>
internal static unsafe class NativeText
{
    /// <summary>The text; its block is freed.</summary>
    internal static string Take(byte* text)
    {
        try
        {
            return Marshal.PtrToStringUTF8((nint)text) ?? "";
        }
        finally
        {
            NativeMethods.tb_free(text);
        }
    }
}
