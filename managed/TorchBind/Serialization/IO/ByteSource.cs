using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace TorchBind.Serialization.IO;

/// <summary>Bytes that can be read at any offset from any thread: a file, a mapped file, a buffer or a stream.</summary>
internal abstract class ByteSource : IDisposable
{
    protected ByteSource(string name, long length)
    {
        Name = name;
        Length = length;
    }

    /// <summary>What messages call the source.</summary>
    public string Name { get; }

    public long Length { get; }

    /// <summary>The address of the first byte where the whole source lies in memory, null elsewhere.</summary>
    public virtual unsafe byte* Pointer => null;

    /// <summary>The path of the file behind the source, where there is one.</summary>
    public virtual string? FilePath => null;

    public static ByteSource OpenFile(string path, bool memoryMap)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw CheckpointException.Unsupported(
                $"'{path}' is a folder. Give the path of a checkpoint file, or of the index file (*.index.json) of a sharded checkpoint.");
        }
        try
        {
            SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            try
            {
                long length = RandomAccess.GetLength(handle);
                return memoryMap && length > 0 ? new MappedSource(path, handle, length) : new FileSource(path, handle, length);
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or NotSupportedException)
        {
            throw new CheckpointException(CheckpointProblem.Unsupported, $"'{path}' cannot be opened for reading: {e.Message}", innerException: e);
        }
    }

    public static ByteSource FromMemory(ReadOnlyMemory<byte> bytes, string name) => new MemorySource(name, bytes);

    /// <summary>Reads <paramref name="stream"/> from where it stands; one that cannot seek is read into memory first.</summary>
    public static ByteSource FromStream(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanRead)
            throw new ArgumentException("The stream cannot be read.", nameof(stream));
        if (stream is FileStream { CanSeek: true } file)
            name = file.Name;
        if (stream.CanSeek)
            return new StreamSource(name, stream);
        var copy = new MemoryStream();
        try
        {
            stream.CopyTo(copy);
        }
        catch (Exception e) when (e is IOException && copy.Length > int.MaxValue - (1 << 20))
        {
            throw CheckpointException.Limit($"{name} cannot seek and holds more than 2 GB. Write it to a file and load that.");
        }
        return new MemorySource(name, copy.GetBuffer().AsMemory(0, (int)copy.Length));
    }

    /// <summary>A part of this source; the part does not own it.</summary>
    public ByteSource Slice(long offset, long length, string name)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw CheckpointException.Truncated(
                $"{Name} is too short: {length:N0} bytes are wanted at offset {offset:N0}, but it ends at {Length:N0}.", name, offset);
        }
        return new SliceSource(this, offset, length, name);
    }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/> on, or throws.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length - destination.Length)
        {
            throw CheckpointException.Truncated(
                $"{Name} is too short: {destination.Length:N0} bytes are wanted at offset {offset:N0}, but it ends at {Length:N0}. "
                + "The file was probably cut off while it was copied or written; get it again.", null, offset);
        }
        ReadCore(offset, destination);
    }

    public byte[] ReadArray(long offset, int count)
    {
        if (count < 0 || offset < 0 || offset > Length - count)
            Read(offset, default(Span<byte>)); // throws for the offset; the rest follows
        if (offset > Length - count)
        {
            throw CheckpointException.Truncated(
                $"{Name} is too short: {count:N0} bytes are wanted at offset {offset:N0}, but it ends at {Length:N0}. "
                + "The file was probably cut off while it was copied or written; get it again.", null, offset);
        }
        byte[] bytes = GC.AllocateUninitializedArray<byte>(count);
        ReadCore(offset, bytes);
        return bytes;
    }

    /// <summary>As <see cref="Read(long, Span{byte})"/>, for more bytes than a span can hold.</summary>
    public unsafe void Read(long offset, byte* destination, long count)
    {
        const int Piece = 1 << 30;
        if (offset < 0 || count < 0 || offset > Length - count)
        {
            throw CheckpointException.Truncated(
                $"{Name} is too short: {count:N0} bytes are wanted at offset {offset:N0}, but it ends at {Length:N0}.", null, offset);
        }
        while (count > 0)
        {
            int n = (int)Math.Min(count, Piece);
            ReadCore(offset, new Span<byte>(destination, n));
            destination += n;
            offset += n;
            count -= n;
        }
    }

    /// <summary>Notes that memory of the source is in use: until <see cref="ReleaseUser"/>, disposing only marks it.</summary>
    public virtual void AddUser()
    {
    }

    /// <summary>Ends what <see cref="AddUser"/> began.</summary>
    public virtual void ReleaseUser()
    {
    }

    protected abstract void ReadCore(long offset, Span<byte> destination);

    public virtual void Dispose()
    {
    }

    private CheckpointException Shrunk(long offset)
        => CheckpointException.Truncated($"{Name} ended at offset {offset:N0}, before its length of {Length:N0}: it was changed while it was read.", null, offset);

    private class FileSource : ByteSource
    {
        private readonly SafeFileHandle _handle;

        public FileSource(string path, SafeFileHandle handle, long length)
            : base($"'{path}'", length)
        {
            _handle = handle;
            FilePath = path;
        }

        public override string? FilePath { get; }

        protected override void ReadCore(long offset, Span<byte> destination)
        {
            while (!destination.IsEmpty)
            {
                int n = RandomAccess.Read(_handle, destination, offset);
                if (n <= 0)
                    throw Shrunk(offset);
                destination = destination[n..];
                offset += n;
            }
        }

        public override void Dispose() => _handle.Dispose();
    }

    /// <summary>
    /// A mapped file. What describes the tensors is read, not touched: a page that is touched maps its neighbours, and one behind the end of a file that
    /// was cut off meanwhile ends the process.
    /// </summary>
    private sealed unsafe class MappedSource : FileSource
    {
        private readonly MemoryMappedFile _map;
        private readonly MemoryMappedViewAccessor _view;
        private readonly long _shift;
        private readonly Lock _gate = new();
        private int _users;
        private bool _disposed;

        public MappedSource(string path, SafeFileHandle handle, long length)
            : base(path, handle, length)
        {
            // Copy on write: a tensor over the mapping may be written to, and the file stays as it is.
            _map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
            _view = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.CopyOnWrite);
            _shift = _view.PointerOffset;
        }

        // The view's handle unmaps when nothing refers to this object any more, so no reference is counted here.
        public override byte* Pointer
        {
            get
            {
                ObjectDisposedException.ThrowIf(_view.SafeMemoryMappedViewHandle.IsClosed, this);
                return (byte*)_view.SafeMemoryMappedViewHandle.DangerousGetHandle() + _shift;
            }
        }

        public override void AddUser()
        {
            lock (_gate)
                _users++;
        }

        public override void ReleaseUser()
        {
            lock (_gate)
            {
                if (--_users == 0 && _disposed)
                    Unmap();
            }
        }

        public override void Dispose()
        {
            lock (_gate)
            {
                _disposed = true;
                if (_users == 0)
                    Unmap();
            }
        }

        private void Unmap()
        {
            _view.Dispose();
            _map.Dispose();
            base.Dispose();
        }
    }

    private sealed class MemorySource(string name, ReadOnlyMemory<byte> bytes) : ByteSource(name, bytes.Length)
    {
        protected override void ReadCore(long offset, Span<byte> destination)
            => bytes.Span.Slice((int)offset, destination.Length).CopyTo(destination);
    }

    private sealed class StreamSource : ByteSource
    {
        private readonly Stream _stream;
        private readonly long _origin;
        private readonly Lock _gate = new();

        public StreamSource(string name, Stream stream)
            : base(name, Math.Max(0, stream.Length - stream.Position))
        {
            _stream = stream;
            _origin = stream.Position;
        }

        protected override void ReadCore(long offset, Span<byte> destination)
        {
            lock (_gate)
            {
                _stream.Position = _origin + offset;
                int read = _stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
                if (read < destination.Length)
                    throw Shrunk(offset + read);
            }
        }
    }

    private sealed class SliceSource(ByteSource whole, long origin, long length, string name) : ByteSource(name, length)
    {
        public override unsafe byte* Pointer
        {
            get
            {
                byte* pointer = whole.Pointer;
                return pointer == null ? null : pointer + origin;
            }
        }

        public override string? FilePath => whole.FilePath;

        public override void AddUser() => whole.AddUser();

        public override void ReleaseUser() => whole.ReleaseUser();

        protected override void ReadCore(long offset, Span<byte> destination) => whole.ReadCore(origin + offset, destination);
    }
}
