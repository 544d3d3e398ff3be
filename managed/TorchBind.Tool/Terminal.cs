using System.Globalization;
using System.Text;
using Spectre.Console;

namespace TorchBind.Tool;

/// <summary>Output for people: trees with colours on a terminal, plain lines elsewhere.</summary>
internal static class Terminal
{
    /// <summary>A line of a tree and what hangs below it.</summary>
    public sealed class Node(string label, string note = "")
    {
        public string Label { get; } = label;

        public string Note { get; set; } = note;

        public List<Node> Children { get; } = [];
    }

    /// <summary>Writes a tree.</summary>
    public static void Write(Node root)
    {
        if (Console.IsOutputRedirected)
        {
            var text = new StringBuilder();
            Plain(text, root, "", "");
            Console.Out.Write(text);
            return;
        }
        var tree = new Tree(Markup(root));
        Add(tree, root);
        AnsiConsole.Write(tree);
    }

    private static void Add(IHasTreeNodes place, Node node)
    {
        foreach (var child in node.Children)
            Add(place.AddNode(Markup(child)), child);
    }

    private static string Markup(Node node)
    {
        var label = Spectre.Console.Markup.Escape(node.Label);
        return node.Note.Length == 0 ? label : $"[bold]{label}[/] [grey]{Spectre.Console.Markup.Escape(node.Note)}[/]";
    }

    private static void Plain(StringBuilder text, Node node, string first, string rest)
    {
        text.Append(first).Append(node.Label);
        if (node.Note.Length > 0)
            text.Append("  ").Append(node.Note);
        text.Append('\n');
        for (var i = 0; i < node.Children.Count; i++)
        {
            var last = i == node.Children.Count - 1;
            Plain(text, node.Children[i], rest + (last ? "└── " : "├── "), rest + (last ? "    " : "│   "));
        }
    }

    /// <summary>A number of bytes as people read it.</summary>
    public static string Size(long bytes)
    {
        if (bytes < 1024)
            return bytes == 1 ? "1 byte" : $"{bytes} bytes";
        string[] units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
        double value = bytes;
        var unit = -1;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return value.ToString(value < 10 ? "F2" : value < 100 ? "F1" : "F0", CultureInfo.InvariantCulture) + " " + units[unit];
    }

    /// <summary>"1 tensor", "2 tensors".</summary>
    public static string Count(long count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");

    /// <summary>A text on one line, without control characters, cut where it is long: what a file holds must not steer a terminal.</summary>
    public static string Clean(string text, int length = 200)
    {
        var clean = new StringBuilder(Math.Min(text.Length, length) + 3);
        foreach (var c in text)
        {
            if (clean.Length >= length)
                return clean.Append("...").ToString();
            if (char.IsControl(c) || c is '\u2028' or '\u2029' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') || char.IsSurrogate(c))
                clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                clean.Append(c);
        }
        return clean.ToString();
    }
}
