using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Xml.Linq;

namespace TorchBind.Bindings.Headers;

/// <summary>A field of a C struct.</summary>
internal sealed record CField(string Name, string CsType, int Offset);

/// <summary>A struct of the C headers; sizes and offsets in bytes, as the C compiler lays it out.</summary>
internal sealed record CStruct(string Name, int Size, IReadOnlyList<CField> Fields);

/// <summary>An enumeration of the C headers.</summary>
internal sealed record CEnum(string Name, IReadOnlyList<(string Name, long Value)> Values);

/// <summary>A function of the C headers, with its types as a P/Invoke writes them.</summary>
internal sealed record CFunction(string Name, string Header, string CsReturn, IReadOnlyList<(string CsType, string Name)> Parameters);

/// <summary>What the hand-written C headers declare.</summary>
internal sealed record CHeaders(IReadOnlyList<CFunction> Functions, IReadOnlyList<CStruct> Structs, IReadOnlyList<CEnum> Enums);

/// <summary>Reads the C headers through CastXML: clang's own parser.</summary>
internal sealed class CastXml
{
    private readonly Dictionary<string, XElement> _byId;
    private readonly XElement _root;
    private readonly IReadOnlyDictionary<string, string> _typeNames;

    private CastXml(XElement root, IReadOnlyDictionary<string, string> typeNames)
    {
        _root = root;
        _typeNames = typeNames;
        _byId = root.Elements().Where(e => e.Attribute("id") is not null).ToDictionary(e => Required(e, "id"));
    }

    /// <param name="include">The folder that holds <c>torchbind/</c>; every header in there is read.</param>
    /// <param name="typeNames">C types that have a C# type of their own: <c>tb_scalar</c> is <c>Scalar</c>.</param>
    public static CHeaders Read(string include, IReadOnlyDictionary<string, string> typeNames)
    {
        var headers = Directory.EnumerateFiles(Path.Combine(include, "torchbind"), "*.h").Select(p => Path.GetFileName(p)!)
            .Order(StringComparer.Ordinal).ToList();
        var folder = Directory.CreateTempSubdirectory("torchbind-castxml-");
        try
        {
            var source = Path.Combine(folder.FullName, "all.c");
            File.WriteAllText(source, string.Concat(headers.Select(h => $"#include \"torchbind/{h}\"\n")));
            var result = Path.Combine(folder.FullName, "all.xml");
            Run(["--castxml-output=1", "-x", "c", "-I", include, "-o", result, source]);
            return new CastXml(XDocument.Load(result).Root!, typeNames).Collect();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Run(string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("castxml", arguments) { RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new UserException("castxml could not read the headers:\n" + errors);
        }
        catch (Win32Exception)
        {
            throw new UserException("missing: castxml; install with: apt-get install -y castxml");
        }
    }

    private CHeaders Collect()
    {
        var functions = new List<CFunction>();
        var structs = new List<CStruct>();
        var enums = new List<CEnum>();
        // By file and line: CastXML's own order and identifiers differ between its versions.
        var ours = _root.Elements().Where(e => e.Attribute("file") is not null && e.Attribute("line") is not null)
            .Select(e => (Element: e, Header: HeaderOf(e))).Where(e => e.Header is not null)
            .OrderBy(e => e.Header, StringComparer.Ordinal).ThenBy(e => Number(e.Element, "line"));
        foreach (var (element, header) in ours)
        {
            switch (element.Name.LocalName)
            {
                case "Function":
                    var index = 0;
                    functions.Add(new CFunction(Required(element, "name"), header!, TypeName(Required(element, "returns")),
                        [.. element.Elements("Argument").Select(a => (TypeName(Required(a, "type")), a.Attribute("name")?.Value ?? "arg" + index++))]));
                    break;
                case "Struct" when element.Attribute("incomplete") is null && element.Attribute("name") is { Value.Length: > 0 }:
                    structs.Add(ReadStruct(element));
                    break;
                case "Enumeration":
                    enums.Add(new CEnum(Required(element, "name"), [.. element.Elements("EnumValue").Select(v =>
                        (Required(v, "name"), long.Parse(Required(v, "init"), CultureInfo.InvariantCulture)))]));
                    break;
            }
        }
        return new CHeaders(functions, structs, enums);
    }

    private CStruct ReadStruct(XElement element)
    {
        var name = Required(element, "name");
        var fields = new List<CField>();
        // Types with a C# type of their own are only measured.
        if (!_typeNames.ContainsKey(name))
        {
            foreach (var member in Required(element, "members").Split(' ').Select(id => _byId[id]).Where(e => e.Name.LocalName == "Field"))
                fields.Add(new CField(Required(member, "name"), TypeName(Required(member, "type")), Number(member, "offset") / 8));
        }
        return new CStruct(name, Number(element, "size") / 8, fields);
    }

    private string TypeName(string id)
    {
        // Qualified types have ids such as "_12c".
        var element = _byId[id];
        switch (element.Name.LocalName)
        {
            case "Typedef":
                var name = Required(element, "name");
                return _typeNames.GetValueOrDefault(name) ?? name switch
                {
                    "int8_t" => "sbyte",
                    "uint8_t" => "byte",
                    "int16_t" => "short",
                    "uint16_t" => "ushort",
                    "int32_t" => "int",
                    "uint32_t" => "uint",
                    "int64_t" => "long",
                    "uint64_t" => "ulong",
                    _ => TypeName(Required(element, "type")),
                };
            case "FundamentalType":
                var fundamental = Required(element, "name");
                return fundamental switch
                {
                    "void" => "void",
                    "char" => "byte",
                    "float" => "float",
                    "double" => "double",
                    _ => throw new UserException($"The C type '{fundamental}' has no fixed width: use the types of <stdint.h>."),
                };
            case "CvQualifiedType" or "ElaboratedType":
                return TypeName(Required(element, "type"));
            case "PointerType":
                var target = Resolve(Required(element, "type"));
                if (target.Name.LocalName == "FunctionType")
                    return FunctionPointer(target);
                // A pointer to a struct that is never defined is a handle.
                if (target.Attribute("incomplete") is not null)
                    return "nint";
                return TypeName(Required(element, "type")) + "*";
            case "Struct":
                var structName = Required(element, "name");
                return _typeNames.GetValueOrDefault(structName, structName);
            case "Enumeration":
                return Required(element, "name");
            default:
                throw new UserException($"The C headers use a {element.Name.LocalName}, for which there is no C# type.");
        }
    }

    private string FunctionPointer(XElement function)
    {
        var types = new StringBuilder();
        foreach (var argument in function.Elements("Argument"))
            types.Append(TypeName(Required(argument, "type"))).Append(", ");
        return $"delegate* unmanaged[Cdecl]<{types}{TypeName(Required(function, "returns"))}>";
    }

    private XElement Resolve(string id)
    {
        var element = _byId[id];
        return element.Name.LocalName is "Typedef" or "CvQualifiedType" or "ElaboratedType"
            ? Resolve(Required(element, "type"))
            : element;
    }

    private string? HeaderOf(XElement element)
    {
        var path = Required(_byId[Required(element, "file")], "name");
        return Path.GetFileName(Path.GetDirectoryName(path)) == "torchbind" ? Path.GetFileName(path) : null;
    }

    private static string Required(XElement element, string attribute) =>
        element.Attribute(attribute)?.Value ?? throw new UserException($"castxml: an element {element.Name.LocalName} without {attribute}.");

    private static int Number(XElement element, string attribute) =>
        int.Parse(Required(element, attribute), CultureInfo.InvariantCulture);
}
