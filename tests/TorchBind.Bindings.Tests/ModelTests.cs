using TorchBind.Bindings.Model;
using TorchBind.Bindings.Schemas;
using TorchBind.Bindings.Shim;
using TorchBind.Interop;

namespace TorchBind.Bindings.Tests;

public class ModelTests
{
    private static readonly OperatorModel s_model = OperatorModel.Merge(Repository.References);

    private static Operator Find(string name) => s_model.Operators.Single(o => o.FullName == name);

    [Test]
    public void Only_streams_and_symbolic_booleans_cannot_be_bound() =>
        Assert.That(s_model.Operators.Where(o => o.Unbindable is not null).Select(o => o.FullName),
            Is.EquivalentTo(new[] { "record_stream", "sym_is_contiguous" }));

    [Test]
    public void The_newest_schema_counts_and_every_version_is_remembered()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Find("stft.center").Schema.Arguments[^1].Name, Is.EqualTo("align_to_window"));
            Assert.That(Find("stft.center").Versions, Is.EqualTo(new[] { "2.6.0", "2.14.1" }));
            Assert.That(Find("qr").Versions, Is.EqualTo(new[] { "2.6.0" }));
            Assert.That(Find("linalg_polar").Versions, Is.EqualTo(new[] { "2.14.1" }));
        });
    }

    [Test]
    public void The_managed_assembly_was_generated_from_these_schemas() => Assert.That(OperatorTable.Hash, Is.EqualTo(s_model.Hash()));

    [TestCase("ones", true), TestCase("rand.generator", true), TestCase("full_like", true), TestCase("empty_strided", true), TestCase("_to_copy", false)]
    [TestCase("sparse_coo_tensor.indices", false), TestCase("new_ones", false), TestCase("sum", false), TestCase("ones.out", false), TestCase("pin_memory", false)]
    public void Factories_are_called_below_autograd(string name, bool expected) => Assert.That(ShimWriter.IsFactory(Find(name).Schema), Is.EqualTo(expected));

    [Test]
    public void A_shim_says_which_version_has_what_its_libtorch_lacks()
    {
        var text = ShimFor("2.6.0");
        Assert.That(text, Does.Contain("tb::not_supported(\"aten::linalg_polar\", \"libtorch 2.14.1\")"));
    }

    [Test]
    public void A_shim_accepts_only_the_default_of_an_argument_that_its_libtorch_lacks()
    {
        var text = ShimFor("2.6.0");
        Assert.That(text, Does.Contain("if (!(align_to_window == -1))\n    return tb::not_supported(\"The argument 'align_to_window' of aten::stft\""));
        // split_k_one_kernel is gone in the newest schema: the older libtorch gets its own default.
        Assert.That(text, Does.Contain("at::_ops::_cslt_sparse_mm::call(*compressed_A_, *dense_B_, *bias_, *alpha_, "
            + "tb::optional_enumeration<at::ScalarType>(out_dtype), transpose_result != 0, alg_id, split_k, true)"));
    }

    [Test]
    public void A_renamed_argument_is_found_by_its_place()
    {
        var older = SchemaParser.Parse("f(Tensor grad, Tensor x, float p) -> Tensor");
        var newer = SchemaParser.Parse("f(Tensor grad_output, Tensor x, float p) -> Tensor");
        Assert.That(ShimWriter.Pair(newer, older).Select(a => a!.Name), Is.EqualTo(new[] { "grad_output", "x", "p" }));
    }

    [Test]
    public void Every_shim_has_every_operator()
    {
        foreach (var version in new[] { "2.6.0", "2.14.1" })
        {
            var text = ShimFor(version);
            foreach (var op in s_model.Bound)
                Assert.That(text.Contains($"tb_status {op.Symbol}(", StringComparison.Ordinal), Is.True, op.Symbol);
        }
    }

    private static string ShimFor(string version)
    {
        var reference = Repository.References.Single(r => r.Version == version);
        // A reference knows no headers; the names follow from the schemas.
        var declared = reference.Operators.Select(o => o with { Struct = o.Schema.FullName.Replace('.', '_'), Header = "x_ops.h" });
        var folder = Directory.CreateTempSubdirectory("torchbind-shim-");
        try
        {
            new ShimWriter(s_model, version, declared).Write(new Output(folder.FullName));
            return string.Concat(folder.GetFiles("*.cpp").OrderBy(f => f.Name).Select(f => File.ReadAllText(f.FullName)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
