using System.Reflection;
using System.Reflection.Metadata;
using System.Runtime.CompilerServices;
using System.Text;
using System.Xml.Linq;

namespace TorchBind.Tests.Surface;

/// <summary>
/// What the compiler does not ask of the documentation: that a member says what each argument is, what comes back and what it throws.
/// Members are looked at where a user of tensors meets them; which of them are hand-written says the debug information.
/// </summary>
[TestFixture]
public class DocumentationTests
{
    private static readonly Assembly Library = typeof(Tensor).Assembly;
    private static readonly Dictionary<string, XElement> Documentation =
        XDocument.Load(Path.ChangeExtension(Library.Location, ".xml")).Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);
    private static readonly HashSet<int> Generated = GeneratedMethods();

    private static IEnumerable<Type> Types() =>
        Library.GetExportedTypes().Where(type => !type.IsSubclassOf(typeof(Delegate)) && (type.Namespace == typeof(Tensor).Namespace || type == typeof(TorchBind.NN.Functional)));

    // Small values (Shape, Scalar, DType) compare and convert without a word about failing; whoever computes says how it fails.
    private static bool Computes(Type type) =>
        Root(type) is var root && (root == typeof(Tensor) || root == typeof(Torch) || root == typeof(TorchBind.NN.Functional));

    [Test]
    public void GeneratedMembersCarryTheirSchema()
    {
        var members = Types().SelectMany(Methods).Where(method => Generated.Contains(method.MetadataToken) && !method.IsSpecialName).ToList();
        var without = members.Where(method => !Text(method).Contains("aten::", StringComparison.Ordinal)).Select(Identifier).ToList();
        TestContext.Out.WriteLine($"{members.Count:N0} generated members, {without.Count} without a schema");
        Assert.Multiple(() =>
        {
            Assert.That(members, Has.Count.GreaterThan(3_500));
            Assert.That(without, Is.Empty);
        });
    }

    [Test]
    public void HandWrittenMembersSayWhatTheyTakeGiveAndThrow()
    {
        var members = Types().SelectMany(Methods).Where(method => !Generated.Contains(method.MetadataToken) && !method.IsSpecialName).ToList();
        var gaps = members.SelectMany(method => Gaps(method).Select(gap => $"{Identifier(method)}: {gap}")).Order(StringComparer.Ordinal).ToList();
        TestContext.Out.WriteLine($"{members.Count:N0} hand-written methods, {gaps.Count} gaps");
        Assert.Multiple(() =>
        {
            Assert.That(members, Has.Count.GreaterThan(400));
            Assert.That(gaps, Is.Empty, string.Join('\n', gaps));
        });
    }

    private static IEnumerable<string> Gaps(MethodInfo method)
    {
        if (!Documentation.TryGetValue(Identifier(method), out var member))
        {
            yield return "no documentation";
            yield break;
        }
        if (member.Element("inheritdoc") is { } inherited)
        {
            if (inherited.Attribute("cref") is { } source && !Documentation.ContainsKey(source.Value))
                yield return $"inherits from {source.Value}, which is not there";
            yield break;
        }
        foreach (var parameter in method.GetParameters().Where(parameter => !Described(member, "param", parameter.Name!)))
            yield return $"no param {parameter.Name}";
        if (method.IsGenericMethodDefinition)
        {
            foreach (var argument in method.GetGenericArguments().Where(argument => !Described(member, "typeparam", argument.Name)))
                yield return $"no typeparam {argument.Name}";
        }
        if (method.ReturnType != typeof(void) && string.IsNullOrWhiteSpace(member.Element("returns")?.Value))
            yield return "no returns";
        if (Computes(method.DeclaringType!) && !member.Elements("exception").Any() && member.Element("remarks")?.Value.StartsWith("Throws nothing", StringComparison.Ordinal) != true)
            yield return "no exception";
    }

    private static bool Described(XElement member, string tag, string name) =>
        member.Elements(tag).Any(element => element.Attribute("name")?.Value == name && !string.IsNullOrWhiteSpace(string.Concat(element.Nodes())));

    private static string Text(MethodInfo method) => Documentation.TryGetValue(Identifier(method), out var member) ? member.Value : "";

    private static Type Root(Type type) => type.DeclaringType is { } outer ? Root(outer) : type;

    private static IEnumerable<MethodInfo> Methods(Type type) =>
        type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(method => !method.IsDefined(typeof(CompilerGeneratedAttribute)) && method.GetBaseDefinition().DeclaringType!.Assembly == Library);

    // Debug information names the source file of each method that has a body.
    private static HashSet<int> GeneratedMethods()
    {
        using var symbols = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(Path.ChangeExtension(Library.Location, ".pdb")));
        var reader = symbols.GetMetadataReader();
        var tokens = new HashSet<int>();
        foreach (var handle in reader.MethodDebugInformation)
        {
            var document = reader.GetMethodDebugInformation(handle).Document;
            if (!document.IsNil && reader.GetString(reader.GetDocument(document).Name).EndsWith(".g.cs", StringComparison.Ordinal))
                tokens.Add(System.Reflection.Metadata.Ecma335.MetadataTokens.GetToken(handle.ToDefinitionHandle()));
        }
        return tokens;
    }

    // The compiler's name of a member in its documentation file (C# specification, annex D.4.2).
    private static string Identifier(MethodInfo method)
    {
        var text = new StringBuilder("M:").Append(method.DeclaringType!.FullName!.Replace('+', '.')).Append('.').Append(method.Name.Replace('.', '#'));
        if (method.IsGenericMethodDefinition)
            text.Append("``").Append(method.GetGenericArguments().Length);
        if (method.GetParameters() is { Length: > 0 } parameters)
            text.Append('(').AppendJoin(',', parameters.Select(parameter => Name(parameter.ParameterType))).Append(')');
        if (method.Name is "op_Implicit" or "op_Explicit")
            text.Append('~').Append(Name(method.ReturnType));
        return text.ToString();
    }

    private static string Name(Type type)
    {
        if (type.IsByRef)
            return Name(type.GetElementType()!) + "@";
        if (type.IsPointer)
            return Name(type.GetElementType()!) + "*";
        if (type.IsArray)
            return Name(type.GetElementType()!) + (type.GetArrayRank() == 1 ? "[]" : $"[{string.Join(',', Enumerable.Repeat("0:", type.GetArrayRank()))}]");
        if (type.IsGenericParameter)
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        if (!type.IsGenericType)
            return type.FullName!.Replace('+', '.');
        var definition = type.GetGenericTypeDefinition().FullName!.Replace('+', '.');
        // Arguments stand behind the type that declares them; no nested type of a generic one is used here.
        return $"{definition[..definition.IndexOf('`')]}{{{string.Join(',', type.GetGenericArguments().Select(Name))}}}";
    }
}
