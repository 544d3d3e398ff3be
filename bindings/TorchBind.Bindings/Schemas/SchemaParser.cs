using System.Globalization;
using System.Text;

namespace TorchBind.Bindings.Schemas;

/// <summary>A schema that does not follow the grammar.</summary>
internal sealed class SchemaException(string message) : Exception(message);

/// <summary>Reads one schema. The grammar is that of the operator schemas in <c>ATen/ops/*_ops.h</c>.</summary>
internal ref struct SchemaParser
{
    private static readonly (string Name, BaseType Type)[] s_types =
    [
        ("Tensor", BaseType.Tensor), ("Scalar", BaseType.Scalar), ("int", BaseType.Int), ("SymInt", BaseType.SymInt),
        ("DeviceIndex", BaseType.DeviceIndex), ("float", BaseType.Float), ("bool", BaseType.Bool), ("SymBool", BaseType.SymBool),
        ("str", BaseType.Str), ("ScalarType", BaseType.ScalarType), ("Layout", BaseType.Layout),
        ("MemoryFormat", BaseType.MemoryFormat), ("Device", BaseType.Device), ("Generator", BaseType.Generator),
        ("Storage", BaseType.Storage), ("Dimname", BaseType.Dimname), ("Stream", BaseType.Stream), ("QScheme", BaseType.QScheme),
    ];

    private readonly string _text;
    private int _at;

    private SchemaParser(string text) => _text = text;

    public static string NameOf(BaseType type) => s_types.First(t => t.Type == type).Name;

    public static Schema Parse(string text)
    {
        var parser = new SchemaParser(text);
        return parser.ParseSchema();
    }

    private Schema ParseSchema()
    {
        var name = Word();
        var overload = TryTake('.') ? Word() : "";
        Take('(');
        var arguments = new List<Argument>();
        var keywordOnly = false;
        if (!TryTake(')'))
        {
            do
            {
                Blanks();
                if (TryTake('*'))
                {
                    if (keywordOnly)
                        throw Error("a second '*'");
                    keywordOnly = true;
                    continue;
                }
                var type = ParseType();
                Blanks();
                var argument = Word();
                Blanks();
                arguments.Add(new Argument(type, argument, TryTake('=') ? ParseDefault() : null, keywordOnly));
                Blanks();
            } while (TryTake(','));
            Take(')');
        }
        Blanks();
        Take('-');
        Take('>');
        Blanks();
        var returns = new List<Return>();
        if (TryTake('('))
        {
            if (!TryTake(')'))
            {
                do
                {
                    Blanks();
                    returns.Add(ParseReturn());
                    Blanks();
                } while (TryTake(','));
                Take(')');
            }
        }
        else
        {
            returns.Add(ParseReturn());
        }
        Blanks();
        if (_at != _text.Length)
            throw Error("text after the end");
        return new Schema(name, overload, arguments, returns);
    }

    private Return ParseReturn()
    {
        var type = ParseType();
        Blanks();
        return new Return(type, AtWord ? Word() : null);
    }

    private SchemaType ParseType()
    {
        var start = _at;
        var word = Word();
        var found = s_types.FirstOrDefault(t => t.Name == word);
        if (found.Name is null)
        {
            _at = start;
            throw Error($"'{word}' is no known type");
        }
        var alias = TryTake('(') ? ParseAlias() : null;
        var optional = TryTake('?');
        if (!TryTake('['))
            return new SchemaType(found.Type, alias, Optional: optional);
        int? size = null;
        if (!TryTake(']'))
        {
            size = int.Parse(Word(), CultureInfo.InvariantCulture);
            Take(']');
        }
        return new SchemaType(found.Type, alias, IsList: true, size, ItemOptional: optional, Optional: TryTake('?'));
    }

    private Alias ParseAlias()
    {
        var before = ParseAliasSets();
        var write = TryTake('!');
        Blanks();
        string? after = null;
        if (TryTake('-'))
        {
            Take('>');
            Blanks();
            after = ParseAliasSets();
        }
        Take(')');
        return new Alias(before, write, after);
    }

    private string ParseAliasSets()
    {
        if (TryTake('*'))
            return "*";
        var sets = Word();
        while (TryTake('|'))
            sets += "|" + Word();
        return sets;
    }

    private Default ParseDefault()
    {
        var start = _at;
        if (TryTake('['))
        {
            var items = new List<Default>();
            if (!TryTake(']'))
            {
                do
                {
                    Blanks();
                    items.Add(ParseDefault());
                    Blanks();
                } while (TryTake(','));
                Take(']');
            }
            return new ListDefault(_text[start.._at], items);
        }
        if (_at < _text.Length && _text[_at] is '"' or '\'')
            return ParseString();
        while (_at < _text.Length && _text[_at] is not (',' or ')' or ']' or ' '))
            _at++;
        var text = _text[start.._at];
        if (text == "None")
            return new NoneDefault(text);
        if (text is "True" or "False")
            return new BoolDefault(text, text == "True");
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
            return new IntDefault(text, integer);
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return new FloatDefault(text, number);
        if (text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            return new NameDefault(text);
        _at = start;
        throw Error("a default was expected");
    }

    private StringDefault ParseString()
    {
        var start = _at;
        var quote = _text[_at++];
        var value = new StringBuilder();
        while (true)
        {
            if (_at >= _text.Length)
                throw Error("the string does not end");
            var c = _text[_at++];
            if (c == quote)
                return new StringDefault(_text[start.._at], value.ToString());
            if (c == '\\' && _at < _text.Length)
                c = _text[_at++] switch { 'n' => '\n', 't' => '\t', var other => other };
            value.Append(c);
        }
    }

    private readonly bool AtWord => _at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_');

    private string Word()
    {
        var start = _at;
        while (AtWord)
            _at++;
        return _at > start ? _text[start.._at] : throw Error("a name was expected");
    }

    private void Blanks()
    {
        while (_at < _text.Length && _text[_at] == ' ')
            _at++;
    }

    private bool TryTake(char c)
    {
        if (_at >= _text.Length || _text[_at] != c)
            return false;
        _at++;
        return true;
    }

    private void Take(char c)
    {
        if (!TryTake(c))
            throw Error($"'{c}' was expected");
    }

    private readonly SchemaException Error(string what) => new($"{what} at position {_at} of schema: {_text}");
}
