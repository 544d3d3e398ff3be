using TorchBind.Bindings.Schemas;

namespace TorchBind.Bindings.Tests;

public class SchemaParserTests
{
    [TestCase("2.6.0", 3144)]
    [TestCase("2.14.1", 3103)]
    public void Every_schema_prints_as_it_was_read(string version, int count)
    {
        var schemas = 0;
        foreach (var line in File.ReadLines(Path.Combine(Repository.Schemas, version + ".txt")).Where(l => l[0] != '#'))
        {
            Assert.That(SchemaParser.Parse(line[3..]).ToString(), Is.EqualTo(line[3..]));
            schemas++;
        }
        Assert.That(schemas, Is.EqualTo(count));
    }

    [Test]
    public void The_headers_at_hand_hold_what_the_reference_says()
    {
        if (Environment.GetEnvironmentVariable("TORCHBIND_LIBTORCH_INCLUDE") is not { Length: > 0 } include)
        {
            Assert.Ignore("TORCHBIND_LIBTORCH_INCLUDE is not set: no libtorch headers at hand.");
            return;
        }
        var version = Libtorch.ReadVersion(include);
        if (Repository.References.FirstOrDefault(r => r.Version == version) is not { } reference)
        {
            Assert.Ignore($"No reference schemas of libtorch {version}.");
            return;
        }
        var text = Reference.Write(version, Libtorch.ReadOperators(include));
        Assert.That(text, Is.EqualTo(File.ReadAllText(Path.Combine(Repository.Schemas, reference.Version + ".txt"))));
    }

    [Test]
    public void Arguments_keep_type_default_and_place()
    {
        var schema = SchemaParser.Parse("add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor");
        Assert.Multiple(() =>
        {
            Assert.That(schema.Name, Is.EqualTo("add"));
            Assert.That(schema.Overload, Is.EqualTo("Tensor"));
            Assert.That(schema.Arguments.Select(a => a.KeywordOnly), Is.EqualTo(new[] { false, false, true }));
            Assert.That(schema.Arguments[2].Default, Is.EqualTo(new IntDefault("1", 1)));
        });
    }

    [Test]
    public void Types_keep_their_marks()
    {
        var schema = SchemaParser.Parse(
            "f(Tensor(a!)[] x, Tensor?[] y, int[2]? z, SymInt[] s, Tensor(a -> *) v, Tensor(b|c)? w) -> (Tensor(a!) one, float two)");
        var types = schema.Arguments.Select(a => a.Type).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(types[0], Is.EqualTo(new SchemaType(BaseType.Tensor, new Alias("a", true, null), IsList: true)));
            Assert.That(types[1], Is.EqualTo(new SchemaType(BaseType.Tensor, IsList: true, ItemOptional: true)));
            Assert.That(types[2], Is.EqualTo(new SchemaType(BaseType.Int, IsList: true, Size: 2, Optional: true)));
            Assert.That(types[3], Is.EqualTo(new SchemaType(BaseType.SymInt, IsList: true)));
            Assert.That(types[4].Alias, Is.EqualTo(new Alias("a", false, "*")));
            Assert.That(types[5], Is.EqualTo(new SchemaType(BaseType.Tensor, new Alias("b|c", false, null), Optional: true)));
            Assert.That(schema.Returns.Select(r => r.Name), Is.EqualTo(new[] { "one", "two" }));
        });
    }

    [Test]
    public void Defaults_of_every_kind_are_understood()
    {
        var schema = SchemaParser.Parse(
            """f(int a=-1, float b=1e-05, bool c=True, int[] d=[-2,-1], int[] e=[], str f="a\"b\\", str g='none', int h=Mean, Tensor? i=None, MemoryFormat j=contiguous_format) -> ()""");
        var defaults = schema.Arguments.Select(a => a.Default!).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(defaults[0], Is.EqualTo(new IntDefault("-1", -1)));
            Assert.That(defaults[1], Is.EqualTo(new FloatDefault("1e-05", 1e-5)));
            Assert.That(defaults[2], Is.EqualTo(new BoolDefault("True", true)));
            Assert.That(((ListDefault)defaults[3]).Items, Is.EqualTo(new Default[] { new IntDefault("-2", -2), new IntDefault("-1", -1) }));
            Assert.That(((ListDefault)defaults[4]).Items, Is.Empty);
            Assert.That(((StringDefault)defaults[5]).Value, Is.EqualTo("a\"b\\"));
            Assert.That(((StringDefault)defaults[6]).Value, Is.EqualTo("none"));
            Assert.That(defaults[7], Is.EqualTo(new NameDefault("Mean")));
            Assert.That(defaults[8], Is.InstanceOf<NoneDefault>());
            Assert.That(defaults[9], Is.EqualTo(new NameDefault("contiguous_format")));
            Assert.That(schema.Returns, Is.Empty);
        });
    }

    [TestCase("f(Tensor self -> Tensor")]
    [TestCase("f(Tensr self) -> Tensor")]
    [TestCase("f(Tensor self, *, *, int a) -> Tensor")]
    [TestCase("f(str a=\"x) -> Tensor")]
    [TestCase("f(int a=) -> Tensor")]
    [TestCase("f(int[two] a) -> Tensor")]
    [TestCase("f() -> Tensor x y")]
    [TestCase("f()")]
    [TestCase("")]
    public void What_is_no_schema_is_refused(string text) =>
        Assert.That(() => SchemaParser.Parse(text), Throws.InstanceOf<SchemaException>().Or.InstanceOf<FormatException>());
}
