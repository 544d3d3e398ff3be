using System.Text;

namespace TorchBind.NN;

/// <summary>
/// The rule that makes a state dict's key of a C# name. Compiled into the library and into its source generator, so that both
/// registrations agree.
/// </summary>
internal static class MemberName
{
    /// <summary>
    /// snake_case without leading underscores: an underscore before a capital that follows a small letter or a digit, and before the
    /// last capital of a run that a small letter follows. <c>InProjWeight</c> and <c>_inProjWeight</c> are <c>in_proj_weight</c>,
    /// <c>Fc1</c> is <c>fc1</c>, <c>QKVProj</c> is <c>qkv_proj</c>.
    /// </summary>
    public static string ToKey(string name)
    {
        var start = 0;
        while (start < name.Length - 1 && name[start] == '_')
            start++;
        var key = new StringBuilder(name.Length + 8);
        for (var i = start; i < name.Length; i++)
        {
            var c = name[i];
            if (i > start && char.IsUpper(c) && name[i - 1] != '_')
            {
                var afterWord = !char.IsUpper(name[i - 1]);
                var beginsWord = i + 1 < name.Length && char.IsLower(name[i + 1]);
                if (afterWord || beginsWord)
                    key.Append('_');
            }
            key.Append(char.ToLowerInvariant(c));
        }
        return key.ToString();
    }

    /// <summary>Whether a name can be a part of a key: not empty, and without a dot, which separates parts.</summary>
    public static bool IsValid(string? key) => !string.IsNullOrEmpty(key) && key!.IndexOf('.') < 0;
}
