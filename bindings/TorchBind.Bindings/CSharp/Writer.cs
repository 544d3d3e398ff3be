namespace TorchBind.Bindings.CSharp;
internal static class Writer { public static void Write(string root) => throw new UserException("not yet"); }
