#!/usr/bin/env bash
# Makes a private .NET host that runs on a prefix's C library (docs/build.md says why one is needed).
#
#   build/dotnet-host.sh PREFIX DEST
#
# DEST holds a copy of the `dotnet` executable, patched to start on PREFIX's loader and to look for libraries in PREFIX,
# and symbolic links to all that lies beside the original. A host that is up to date is left alone.
set -euo pipefail

die() { echo "dotnet-host: $*" >&2; exit 1; }

[[ $# == 2 ]] || die "usage: dotnet-host.sh PREFIX DEST"
prefix=$(cd "$1" && pwd -P)
mkdir -p "$(dirname "$2")"
dest=$(cd "$(dirname "$2")" && pwd -P)/$(basename "$2")
triplet=x86_64-linux-gnu

dotnet=$(command -v dotnet) || die "missing: dotnet; install the .NET 10 SDK (https://dotnet.microsoft.com/download)"
dotnet=$(readlink -f "$dotnet")
# `dotnet` may be a wrapper script (some distributions): then the root is what the SDK itself says.
if [[ $(head -c 4 "$dotnet" | tail -c 3) != ELF ]]; then
  base=$("$dotnet" --info | sed -n 's/^ *Base Path: *//p')
  dotnet=$(readlink -f "$base/../../dotnet")
fi
home=$(dirname "$dotnet")

key="1 $prefix $dotnet $(cksum < "$dotnet")"
[[ -x $dest/dotnet && $(cat "$dest/.torchbind" 2> /dev/null) == "$key" ]] && exit 0
command -v patchelf > /dev/null || die "missing: patchelf; install with: apt-get install -y patchelf"
loader=$prefix/usr/lib/$triplet/ld-linux-x86-64.so.2
[[ -x $loader ]] || die "$prefix has no $loader: it is no prefix with a C library of its own"

work=$dest.partial.$$
trap 'rm -rf "$work"' EXIT
rm -rf "$work"
mkdir -p "$work"
for entry in "$home"/*; do
  if [[ $(basename "$entry") != dotnet ]]; then ln -s "$entry" "$work/"; fi
done
cp "$dotnet" "$work/dotnet"
# DT_RPATH, not RUNPATH: it also serves the libraries that are opened later.
patchelf --set-interpreter "$loader" --force-rpath \
  --set-rpath "$prefix/usr/lib/$triplet/openblas-pthread:$prefix/usr/lib/$triplet:$prefix/usr/lib" "$work/dotnet"
echo "$key" > "$work/.torchbind"
rm -rf "$dest"
mv "$work" "$dest"
echo "dotnet-host: $dest"
