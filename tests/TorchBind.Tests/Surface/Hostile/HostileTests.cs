using System.Text.Json;

namespace TorchBind.Tests.Surface.Hostile;

/// <summary>
/// Every generated member with null, disposed, undefined, wrong-dtype, wrong-rank, zero-size and absurd arguments: exceptions only. The calls are made
/// in a process of their own, so that a member that kills it is known by name.
/// </summary>
public sealed class HostileTests
{
    private static readonly string s_folder = Path.Combine(PythonOracle.Root, "tests", "TorchBind.Tests", "Surface", "Hostile");

    // A member, "Torch.Add" in all its overloads: why it is spared absurd numbers.
    private static readonly Lazy<Dictionary<string, string>> s_spared =
        new(() => JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(s_folder, "absurd-numbers.json")))!);

    // The cases that once killed the process.
    private static readonly Lazy<string[]> s_fixed = new(() => [.. File.ReadAllLines(Path.Combine(s_folder, "guarded.txt")).Where(l => l.Length > 0 && l[0] != '#')]);

    private static bool IsSpared(HostileCase c) =>
        (c.Name.StartsWith("numbers", StringComparison.Ordinal) || c.Name.StartsWith("index out of range", StringComparison.Ordinal))
        && s_spared.Value.ContainsKey(c.Label[..c.Label.IndexOf('(')]);

    [Test, CancelAfter(300_000)]
    public void AFewMembersSurviveAnything() => Sweep(HostileChild.All(step: 40), 0xcb);

    [Test, CancelAfter(300_000)]
    public void WhatOnceKilledTheProcessIsRefused() => Sweep(HostileChild.All().Where(c => s_fixed.Value.Contains(c.Text)), 0xcb);

    // What new memory holds decides what an operator does that reads memory that it has not written.
    [TestCase(0xcb), TestCase(0x00), TestCase(0x7f), Explicit("takes minutes: ./build.sh --target=Parity"), Category("Parity")]
    public void EveryMemberSurvivesAnything(byte fill) => Sweep(HostileChild.All(), fill);

    [Test, Explicit("run by the others, in a process of its own"), Category("HostileChild")]
    public void CallsGivenCases() => HostileChild.CallCases();

    private static void Sweep(IEnumerable<HostileCase> chosen, byte fill)
    {
        List<HostileCase> cases = [.. chosen.Where(c => !IsSpared(c))];
        Assert.That(cases, Is.Not.Empty);
        var (bad, next) = (new List<string>(), 0);
        while (next < cases.Count)
        {
            var outcome = HostileChild.Run(cases[next..], fill: fill);
            bad.AddRange(outcome.Complaints);
            if (outcome.Died is null)
            {
                TestContext.Out.WriteLine(outcome.Summary);
                break;
            }
            // The sweep goes on behind the case.
            bad.Add($"{outcome.How}: {outcome.Died.Text}");
            TestContext.Progress.WriteLine(bad[^1]);
            next = cases.IndexOf(outcome.Died) + 1;
        }
        TestContext.Out.WriteLine($"hostile sweep on libtorch {Torch.Version}: {cases.Count} calls of {cases.DistinctBy(c => c.Member).Count()} of "
            + $"{HostileCalls.Members.Length} members, {s_spared.Value.Count} spared absurd numbers, new memory filled with 0x{fill:x2}");
        Assert.That(bad, Is.Empty);
    }
}
