using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace TorchBind.Serialization;

/// <summary>What stands before the data of a <c>.npy</c> file: dtype, order and shape, written as a Python dictionary.</summary>
internal readonly record struct NumpyHeader(DType DType, bool BigEndian, bool FortranOrder, long[] Shape)
{
    // NumPy refuses longer headers too: nothing sensible has one.
    private const int LongestHeader = 10_000;
    private const int Alignment = 64;



    internal static NumpyHeader Read(Stream stream)
    {
        Span<byte> start = stackalloc byte[12];
        ReadExactly(stream, start[..10]);
        if (start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8))
            throw new InvalidDataException("This is no .npy file: it does not begin with the bytes 93 'NUMPY'.");
        var major = start[6];
        if (major is 0 or > 3)
            throw new InvalidDataException($"This .npy file has version {major}.{start[7]}; versions 1, 2 and 3 are known.");
        long length = BinaryPrimitives.ReadUInt16LittleEndian(start[8..]);
        if (major >= 2)
        {
            ReadExactly(stream, start[10..]);
            length = BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        }
        if (length > LongestHeader)
            throw new InvalidDataException($"The header of this .npy file takes {length} bytes; at most {LongestHeader} are read.");
        var bytes = new byte[length];
        ReadExactly(stream, bytes);
        return Parse(major >= 3 ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes));
    }

    internal byte[] Write()
    {
        var sizes = string.Join(", ", Shape.Select(s => s.ToString(CultureInfo.InvariantCulture)));
        var text = $"{{'descr': '{Description(DType)}', 'fortran_order': False, 'shape': ({sizes}{(Shape.Length == 1 ? "," : "")}), }}";
        // Version 1 holds 65535 characters; no shape of libtorch's needs more.
        var padded = (10 + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        var header = new byte[padded];
        header[0] = 0x93;
        "NUMPY"u8.CopyTo(header.AsSpan(1));
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), checked((ushort)(padded - 10)));
        header.AsSpan(10).Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }

    private static void ReadExactly(Stream stream, Span<byte> destination)
    {
        if (stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false) < destination.Length)
            throw new InvalidDataException("This .npy file ends within its header.");
    }

    private static string Description(DType dtype) => dtype switch
    {
        DType.Bool => "|b1",
        DType.UInt8 => "|u1",
        DType.Int8 => "|i1",
        DType.UInt16 => "<u2",
        DType.Int16 => "<i2",
        DType.UInt32 => "<u4",
        DType.Int32 => "<i4",
        DType.UInt64 => "<u8",
        DType.Int64 => "<i8",
        DType.Float16 => "<f2",
        DType.Float32 => "<f4",
        DType.Float64 => "<f8",
        DType.Complex64 => "<c8",
        DType.Complex128 => "<c16",
        _ => throw new NotSupportedException($"NumPy has no type for {dtype.Name()}; convert the tensor first, e.g. x.To(DType.Float32)."),
    };

    private static (DType DType, bool BigEndian) TypeOf(string description)
    {
        if (description.Length < 3)
            throw Unknown(description);
        DType? dtype = description[1..] switch
        {
            "b1" => DType.Bool,
            "u1" => DType.UInt8,
            "i1" => DType.Int8,
            "u2" => DType.UInt16,
            "i2" => DType.Int16,
            "u4" => DType.UInt32,
            "i4" => DType.Int32,
            "u8" => DType.UInt64,
            "i8" => DType.Int64,
            "f2" => DType.Float16,
            "f4" => DType.Float32,
            "f8" => DType.Float64,
            "c8" => DType.Complex64,
            "c16" => DType.Complex128,
            _ => null,
        };
        if (dtype is not { } known || description[0] is not ('<' or '>' or '|' or '='))
            throw Unknown(description);
        return (known, description[0] == '>');
    }

    private static NotSupportedException Unknown(string description) => new(description.Contains('O')
        ? "This .npy file holds Python objects, which only Python can read."
        : $"This .npy file holds elements of type '{description}'; numbers and booleans can be read, records, texts and dates cannot.");

    // The header is a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
    private static NumpyHeader Parse(string text)
    {
        var parser = new Literal(text);
        string? description = null;
        bool? fortran = null;
        long[]? shape = null;
        parser.Expect('{');
        while (!parser.Take('}'))
        {
            var key = parser.String();
            parser.Expect(':');
            switch (key)
            {
                case "descr":
                    description = parser.Peek() is '\'' or '"' ? parser.String() : throw Unknown("a record");
                    break;
                case "fortran_order":
                    fortran = parser.Boolean();
                    break;
                case "shape":
                    shape = parser.Tuple();
                    break;
                default:
                    throw parser.Error($"the unknown key '{key}'");
            }
            if (!parser.Take(','))
            {
                parser.Expect('}');
                break;
            }
        }
        if (description is null || fortran is null || shape is null)
            throw parser.Error("no 'descr', 'fortran_order' or 'shape'");
        var (dtype, bigEndian) = TypeOf(description);
        return new NumpyHeader(dtype, bigEndian && dtype.ItemSize() > 1, fortran.Value, shape);
    }

    private ref struct Literal(string text)
    {
        private int _at;

        internal char Peek()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                _at++;
            return _at < text.Length ? text[_at] : '\0';
        }

        internal bool Take(char wanted)
        {
            if (Peek() != wanted)
                return false;
            _at++;
            return true;
        }

        internal void Expect(char wanted)
        {
            if (!Take(wanted))
                throw Error($"'{Peek()}' where '{wanted}' belongs");
        }

        internal string String()
        {
            var quote = Peek();
            if (quote is not ('\'' or '"'))
                throw Error($"'{quote}' where a text belongs");
            var end = text.IndexOf(quote, _at + 1);
            if (end < 0)
                throw Error("a text without an end");
            var result = text[(_at + 1)..end];
            _at = end + 1;
            return result;
        }

        internal bool Boolean()
        {
            Peek();
            foreach (var (word, value) in new[] { ("True", true), ("False", false) })
            {
                if (!text.AsSpan(_at).StartsWith(word))
                    continue;
                _at += word.Length;
                return value;
            }
            throw Error("no True or False where one belongs");
        }

        internal long[] Tuple()
        {
            var sizes = new List<long>();
            Expect('(');
            while (!Take(')'))
            {
                Peek();
                var end = _at;
                while (end < text.Length && char.IsAsciiDigit(text[end]))
                    end++;
                if (!long.TryParse(text.AsSpan(_at, end - _at), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
                    throw Error("no number in the shape where one belongs");
                sizes.Add(size);
                _at = end;
                Take('L'); // written by Python 2
                if (!Take(','))
                {
                    Expect(')');
                    break;
                }
            }
            return [.. sizes];
        }

        internal readonly InvalidDataException Error(string what) => new($"The header of this .npy file has {what}: {text.Trim()}");
    }
}
