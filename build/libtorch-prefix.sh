#!/usr/bin/env bash
# Makes a private libtorch prefix out of Debian's packages. Needs no root and changes nothing outside the checkout.
#
#   build/libtorch-prefix.sh [--with-python] VERSION DEST
#
#   VERSION        2.6 (Debian trixie) or 2.14 (Debian forky or sid, whichever has it)
#   DEST           the prefix to make, for example artifacts/libtorch/2.6.0
#   --with-python  also Python's torch of the same version and what its operator tests need, and DEST/bin/python3
#
# The mirror and its keyring come from the machine's own apt configuration. TORCHBIND_DEBIAN_MIRROR (a URI) and
# TORCHBIND_DEBIAN_KEYRING (a file) take their place on a machine whose apt does not read from Debian.
# A prefix that is complete is left alone. It holds absolute paths (of its loader): it works only where it was made.
set -euo pipefail

die() { echo "libtorch-prefix: $*" >&2; exit 1; }
say() { echo "libtorch-prefix: $*"; }

with_python=false
while [[ ${1:-} == --* ]]; do
  case $1 in
    --with-python) with_python=true ;;
    *) die "unknown option $1" ;;
  esac
  shift
done
[[ $# == 2 ]] || die "usage: libtorch-prefix.sh [--with-python] VERSION DEST"
version=$1
mkdir -p "$(dirname "$2")"
dest=$(cd "$(dirname "$2")" && pwd -P)/$(basename "$2")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=${TORCHBIND_CACHE:-$root/artifacts/cache}/debian-$version
triplet=x86_64-linux-gnu

case $version in
  2.6) suites=(trixie) ;;
  2.14) suites=(forky sid) ;;
  *) die "no recipe for libtorch $version; there is one for 2.6 and for 2.14" ;;
esac
[[ $(uname -m) == x86_64 ]] || die "only x86_64 machines are supported"

# The part that is installed: bump `recipe` when this script changes what a prefix holds.
recipe=1
base_packages=("libtorch$version" libopenblas0-pthread)
python_packages=(python3-torch python3-torchvision python3-numpy python3-safetensors python3-setuptools python3-scipy
  python3-expecttest)
stamp=.torchbind-base-$recipe
if $with_python; then stamp=.torchbind-python-$recipe; fi

[[ -e $dest/$stamp ]] && { say "$dest is complete"; exit 0; }

missing=()
for tool in apt-get dpkg-deb flock patchelf; do command -v $tool > /dev/null || missing+=("$tool"); done
if ((${#missing[@]})); then
  if command -v apt-get > /dev/null; then
    die "missing: ${missing[*]}; install with: apt-get install -y apt dpkg util-linux patchelf"
  fi
  die "missing: ${missing[*]}; a private prefix needs a Debian machine. Point --libtorch at a libtorch of your own."
fi

# One run at a time per prefix: a second one waits and then finds it complete.
mkdir -p "$cache"
exec 9> "$cache/lock-$(basename "$dest")"
if ! flock -n 9; then
  say "another run is making $dest; waiting for it"
  flock 9
fi
[[ -e $dest/$stamp ]] && { say "$dest is complete"; exit 0; }
# The archive cache may be shared by several prefixes of one version.
exec 8> "$cache/lock"
flock 8

work=$dest.partial
rm -rf "$work"
trap 'rm -rf "$work"' EXIT

# ---- the mirror ----------------------------------------------------------------------------------------------

# Prints "URI KEYRING" of the first entry of the machine's apt configuration that is a Debian main archive.
machine_mirror() {
  local uri component release entry file number keyring
  while IFS='|' read -r uri component release entry; do
    [[ $component == main && $release != *security* && $uri =~ /debian/?$ ]] || continue
    file=${entry%:*} number=${entry##*:} keyring=
    if [[ $file == *.sources ]]; then
      # deb822: the number counts stanzas; comment-only blocks are none.
      keyring=$(awk -v want="$number" '
        /^#/ { next }
        /^[[:space:]]*$/ { if (filled) { stanza++; filled = 0 } next }
        { if (!filled) { filled = 1; if (!stanza) stanza = 1 }
          if (stanza == want && tolower($1) == "signed-by:") { print $2; exit } }' "$file")
    else
      keyring=$(sed -n "${number}p" "$file" | sed -nE 's/.*\[[^]]*signed-by=([^] ,]+).*/\1/p')
    fi
    echo "$uri $keyring"
    return
  done < <(apt-get indextargets --format '$(REPO_URI)|$(COMPONENT)|$(RELEASE)|$(SOURCESENTRY)' 'Created-By: Packages')
}

mirror=${TORCHBIND_DEBIAN_MIRROR:-}
keyring=${TORCHBIND_DEBIAN_KEYRING:-}
if [[ -z $mirror ]]; then
  read -r mirror machine_keyring < <(machine_mirror) || true
  [[ -n $mirror ]] || die "this machine's apt reads from no Debian archive.
Set TORCHBIND_DEBIAN_MIRROR (and TORCHBIND_DEBIAN_KEYRING), or point --libtorch at a libtorch of your own."
  keyring=${keyring:-$machine_keyring}
fi
# The machine's keyring may hold the keys of its own release only: Debian's whole one is added where there is one.
if [[ $keyring != *.asc ]]; then
  rings=()
  for ring in "$keyring" /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
    if [[ -n $ring && -r $ring ]]; then rings+=("$ring"); fi
  done
  ((${#rings[@]})) || die "no keyring of Debian; install with: apt-get install -y debian-archive-keyring"
  keyring=$cache/keyring.gpg
  cat "${rings[@]}" > "$keyring"
fi
[[ -r $keyring ]] || die "the keyring $keyring cannot be read"

# ---- apt in a folder of its own ------------------------------------------------------------------------------

# The machine's own settings (proxy, transports), without its hooks and with every folder below the cache.
config=$cache/apt.conf
write_config() {
  mkdir -p "$cache"/{lists/partial,archives/partial}
  : > "$cache/status"
  {
    apt-config dump | grep -vE '^(DPkg::(Pre|Post)|APT::Update::(Pre|Post)|Acquire::IndexTargets|APT::Sandbox|Dir::(Etc::(parts|main|sourcelist|sourceparts|preferences|preferencesparts)|State|Cache))'
    cat << CONF
Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "$cache/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$cache";
Dir::State::lists "$cache/lists/";
Dir::State::status "$cache/status";
Dir::Cache "$cache";
Dir::Cache::archives "$cache/archives/";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "$(id -un)";
Acquire::Retries "3";
Acquire::Languages "none";
Debug::NoLocking "true";
CONF
  } > "$config.new"
  mv "$config.new" "$config"
}
apt() { APT_CONFIG=$config apt-get "$@"; }
candidate() { APT_CONFIG=$config apt-cache policy "$1" | sed -n 's/^ *Candidate: //p'; }

write_config
found=
for suite in "${suites[@]}"; do
  echo "deb [signed-by=$keyring] $mirror $suite main" > "$cache/sources.list"
  say "reading the package lists of Debian $suite"
  apt update
  have=$(candidate "libtorch$version")
  if [[ -n $have && $have != "(none)" ]]; then found=$suite; break; fi
done
[[ -n $found ]] || die "Debian ${suites[*]} has no libtorch$version any more. Point --libtorch at one of your own."
say "libtorch $have from Debian $found"

packages=("${base_packages[@]}")
if $with_python; then packages+=("${python_packages[@]}"); fi

# What is to be unpacked: all dependencies (the empty status file makes apt bring the C library as well), and the
# headers alone of libtorch-dev. apt names only what is not in its archives, hence an empty folder for the question.
mkdir -p "$cache/nothing/partial"
nothing=(-o "Dir::Cache::archives=$cache/nothing/")
mapfile -t debs < <({ apt install "${nothing[@]}" -qq --print-uris -y "${packages[@]}"
  apt download "${nothing[@]}" -qq --print-uris libtorch-dev; } | sed -nE "s/^'[^']*' ([^ ]+) .*/\1/p")
((${#debs[@]} > 10)) || die "apt named only ${#debs[@]} packages; its answer is above"
say "fetching ${#debs[@]} packages into $cache/archives"
apt install --download-only -y "${packages[@]}"
(cd "$cache/archives" && apt download libtorch-dev)

# ---- unpack --------------------------------------------------------------------------------------------------

mkdir -p "$work"
n=0
for deb in "${debs[@]}"; do
  file=$cache/archives/$deb
  # `apt-get download` writes an epoch as %3a, as --print-uris does; both agree on the name.
  [[ -e $file ]] || die "the archive $deb was not fetched"
  n=$((n + 1))
  if [[ -t 1 ]]; then
    printf '\rlibtorch-prefix: unpacking %d/%d %-60.60s' $n ${#debs[@]} "$deb"
  elif ((n % 25 == 0 || n == ${#debs[@]})); then
    say "unpacked $n/${#debs[@]}"
  fi
  dpkg-deb -x "$file" "$work"
done
if [[ -t 1 ]]; then echo; fi
printf '%s\n' "${debs[@]}" | sort > "$work/packages.txt"
# Documentation, icons and the like: a tenth of the size, of use to nobody here.
rm -rf "$work"/usr/share/{doc,man,info,icons,locale,lintian,bug,fonts}

loader=usr/lib/$triplet/ld-linux-x86-64.so.2
[[ -e $work/$loader ]] || die "the C library's loader is not at $loader"
[[ -e $work/usr/lib/$triplet/libtorch.so ]] || die "libtorch.so is not in usr/lib/$triplet"
rpath=$dest/usr/lib/$triplet/openblas-pthread:$dest/usr/lib/$triplet:$dest/usr/lib

if $with_python; then
  # Python runs on the prefix's own loader and C library; so does every extension module that it opens. A library with
  # a RUNPATH of its own would not see the executable's RPATH: the only one is libtorch_python's.
  interpreter=$(cd "$work/usr/bin" && readlink python3)
  mkdir -p "$work/bin"
  cp "$work/usr/bin/$interpreter" "$work/bin/$interpreter"
  patchelf --set-interpreter "$dest/$loader" --force-rpath --set-rpath "$rpath" "$work/bin/$interpreter"
  while IFS= read -r library; do
    if [[ -n $(patchelf --print-rpath "$library") ]]; then patchelf --remove-rpath "$library"; fi
  done < <(find "$work/usr/lib" -name 'libtorch_python.so*' -type f; \
           find "$work/usr/lib/python3/dist-packages/torch" -maxdepth 1 -name '*.so' -type f)
  cat > "$work/bin/python3" << PYTHON
#!/bin/sh
# Runs this prefix's Python on this prefix's C library. The settings are for this process and its children only.
export PYTHONHOME="$dest/usr" PYTHONPATH="$dest/usr/lib/python3/dist-packages\${PYTHONPATH:+:\$PYTHONPATH}"
export PYTHONDONTWRITEBYTECODE=1
exec "$dest/bin/$interpreter" "\$@"
PYTHON
  chmod +x "$work/bin/python3"
  : > "$work/.torchbind-python-$recipe"
fi
: > "$work/.torchbind-base-$recipe"

# ---- into place ----------------------------------------------------------------------------------------------

if [[ -e $dest ]]; then
  rm -rf "$dest.old"
  mv "$dest" "$dest.old"
fi
mv "$work" "$dest"
rm -rf "$dest.old"

if $with_python; then
  say "trying Python's torch"
  "$dest/bin/python3" -c 'import torch, numpy; print("libtorch-prefix: torch", torch.__version__, (torch.ones(2) + 1).numpy())' || {
    rm -f "$dest/.torchbind-python-$recipe"
    die "Python's torch does not run from the prefix; the reason is above"
  }
fi
say "$dest is complete ($(du -sh "$dest" | cut -f1))"
