using System.Reflection;
using System.Runtime.InteropServices;
using TorchBind.Interop;

namespace TorchBind.Bindings.Tests;

public class ExportTests
{
    [Test]
    public void The_shim_exports_every_declared_function()
    {
        Assert.That(Torch.Version, Is.Not.Empty); // the loader has opened the shim
        var shim = NativeLibrary.Load(LibtorchLoader.ShimPath);
        var declared = typeof(NativeMethods).GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(m => m.Attributes.HasFlag(MethodAttributes.PinvokeImpl)).Select(m => m.Name).ToList();
        Assert.That(declared, Has.Count.GreaterThan(3300));
        Assert.That(declared.Where(name => !NativeLibrary.TryGetExport(shim, name, out _)), Is.Empty);
    }
}
