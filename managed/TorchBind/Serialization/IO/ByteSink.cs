using Microsoft.Win32.SafeHandles;

namespace TorchBind.Serialization.IO;

/// <summary>Where a checkpoint is written to: a file that appears whole or not at all, or a stream.</summary>
internal abstract class ByteSink : IDisposable
{
    /// <summary>Bytes written so far.</summary>
    public long Position { get; protected set; }

    /// <summary>Whether <see cref="Patch"/> works.</summary>
    public abstract bool CanPatch { get; }

    public static ByteSink CreateFile(string path, bool flushToDisk) => new FileSink(path, flushToDisk);

    public static ByteSink ToStream(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanWrite)
            throw new ArgumentException("The stream cannot be written to.", nameof(stream));
        return new StreamSink(stream);
    }

    /// <summary>Appends <paramref name="bytes"/>.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        WriteCore(bytes);
        Position += bytes.Length;
    }

    /// <summary>Appends <paramref name="count"/> bytes, which may be more than a span holds.</summary>
    public unsafe void Write(byte* bytes, long count)
    {
        for (long at = 0; at < count;)
        {
            int n = (int)Math.Min(count - at, 1 << 26);
            Write(new ReadOnlySpan<byte>(bytes + at, n));
            at += n;
        }
    }

    /// <summary>Overwrites bytes that were written before.</summary>
    public abstract void Patch(long position, ReadOnlySpan<byte> bytes);

    /// <summary>Makes everything final: only after this does a file appear under its name.</summary>
    public abstract void Commit();

    /// <summary>Drops what was written unless <see cref="Commit"/> was called.</summary>
    public abstract void Dispose();

    protected abstract void WriteCore(ReadOnlySpan<byte> bytes);

    /// <summary>The file that saving under a path makes or replaces.</summary>
    internal static string Target(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.GetFullPath(path);
        if (Directory.Exists(path))
            throw CheckpointException.Unsupported($"'{path}' is a folder; give a file name to save under.");
        // A link stays a link: what it points to is replaced.
        if (File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target)
            path = target.FullName;
        string folder = Path.GetDirectoryName(path)!;
        // A file takes the place of what is there, which must not happen to /dev/null.
        if (folder == "/dev" || path.StartsWith("/proc/", StringComparison.Ordinal))
            throw CheckpointException.Unsupported($"'{path}' is where devices stand, not files; open a stream on it and save to that.");
        return Directory.Exists(folder) ? path : throw new DirectoryNotFoundException($"'{path}' cannot be saved: the folder '{folder}' does not exist.");
    }

    /// <summary>Where a file is written until it is complete.</summary>
    internal static string Temporary(string target) => Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}.tmp");

    /// <summary>Gives a complete file its name, with the access rights of the one that had it before.</summary>
    internal static void Replace(string temporary, string target)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(target))
            File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
        File.Move(temporary, target, overwrite: true);
    }

    private sealed class FileSink : ByteSink
    {
        private const int BufferLength = 1 << 17;
        private readonly string _path;
        private readonly string _temporary;
        private readonly bool _flushToDisk;
        private readonly SafeFileHandle _handle;
        private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
        private int _buffered;
        private bool _committed;

        public FileSink(string path, bool flushToDisk)
        {
            _path = Target(path);
            _flushToDisk = flushToDisk;
            _temporary = Temporary(_path);
            _handle = File.OpenHandle(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        }

        public override bool CanPatch => true;

        public override void Patch(long position, ReadOnlySpan<byte> bytes)
        {
            long bufferStart = Position - _buffered;
            if (position >= bufferStart)
            {
                bytes.CopyTo(_buffer.AsSpan((int)(position - bufferStart), _buffered - (int)(position - bufferStart)));
                return;
            }
            if (position + bytes.Length > bufferStart)
                Drain();
            RandomAccess.Write(_handle, bytes, position);
        }

        public override void Commit()
        {
            Drain();
            if (_flushToDisk)
                RandomAccess.FlushToDisk(_handle);
            _handle.Dispose();
            Replace(_temporary, _path);
            _committed = true;
        }

        public override void Dispose()
        {
            _handle.Dispose();
            if (!_committed)
                File.Delete(_temporary);
        }

        protected override void WriteCore(ReadOnlySpan<byte> bytes)
        {
            if (bytes.Length <= BufferLength - _buffered)
            {
                bytes.CopyTo(_buffer.AsSpan(_buffered));
                _buffered += bytes.Length;
                return;
            }
            long position = Position;
            Drain();
            if (bytes.Length < BufferLength / 2)
            {
                bytes.CopyTo(_buffer);
                _buffered = bytes.Length;
            }
            else
            {
                RandomAccess.Write(_handle, bytes, position);
            }
        }

        private void Drain()
        {
            if (_buffered == 0)
                return;
            RandomAccess.Write(_handle, _buffer.AsSpan(0, _buffered), Position - _buffered);
            _buffered = 0;
        }
    }

    private sealed class StreamSink(Stream stream) : ByteSink
    {
        public override bool CanPatch => false;

        public override void Patch(long position, ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

        public override void Commit() => stream.Flush();

        public override void Dispose()
        {
        }

        protected override void WriteCore(ReadOnlySpan<byte> bytes) => stream.Write(bytes);
    }
}
