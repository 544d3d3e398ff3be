using System.Text.Json;
using TorchBind.Bindings.Model;

namespace TorchBind.Bindings.Tests;

public class OperatorListTests
{
    [Test]
    public void Every_operator_has_a_symbol_or_a_reason_and_a_member_or_a_reason()
    {
        using var list = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "bindings", "operators.json")));
        var entries = list.RootElement.EnumerateArray().ToList();
        Assert.That(entries, Has.Count.EqualTo(OperatorModel.Merge(Repository.References).Operators.Count));
        foreach (var entry in entries)
        {
            var schema = entry.GetProperty("schema").GetString();
            var reason = entry.TryGetProperty("reason", out _);
            Assert.That(entry.TryGetProperty("symbol", out _) || reason, Is.True, schema);
            Assert.That(entry.TryGetProperty("member", out _) ^ reason, Is.True, schema);
            Assert.That(entry.GetProperty("versions").GetArrayLength(), Is.GreaterThan(0), schema);
        }
    }
}
