#!/usr/bin/env bash
# Builds, tests and runs TorchBind. docs/build.md describes every target and option.
#
#   ./build.sh --target=Example [--example=Digits] [-- arguments of the example]
#   ./build.sh --target=Test [--filter=EXPRESSION]
#
#   --libtorch=DIR             a libtorch of your own (also: LIBTORCH)
#   --libtorch-version=X       2.6 (default), 2.14 or all: the private prefixes to use
#   --configuration=Release
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

target=Build libtorch=${LIBTORCH:-} arguments=()
while (($#)); do
  case $1 in
    -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' build.sh; exit 0 ;;
    --) shift; break ;;
    --target | --libtorch | --libtorch-version | --example | --filter | --configuration)
      (($# > 1)) || { echo "build.sh: $1 wants a value" >&2; exit 2; }
      set -- "$1=$2" "${@:3}"
      continue ;;
    --target=*) target=${1#*=} ;;
    --libtorch=*) libtorch=${1#*=} ;;
    --libtorch-version=* | --example=* | --filter=* | --configuration=* | --verbosity=*) arguments+=("$1") ;;
    *) echo "build.sh: unknown argument $1 (try --help)" >&2; exit 2 ;;
  esac
  shift
done
# What follows `--` goes to the example; a unit separator keeps the arguments apart.
TORCHBIND_REST=$(IFS=$'\x1f'; echo "$*")
export TORCHBIND_REST

# ---- what is needed --------------------------------------------------------------------------------------------

packages=() other=()
need() { command -v "$1" > /dev/null || packages+=("$2"); }
if ! dotnet --version > /dev/null 2>&1; then
  other+=("the .NET SDK 10: https://dotnet.microsoft.com/download/dotnet/10.0, or on a Debian or Ubuntu that has it: apt-get install -y dotnet-sdk-10.0")
fi
case ${target,,} in
  clean | cleanall | checkformat | format | checkaot) ;;
  *)
    need c++ g++
    need cmake cmake
    need ninja ninja-build
    if [[ -z $libtorch && ! -e /usr/include/ATen/ATen.h ]]; then
      need patchelf patchelf
    fi ;;
esac
case ${target,,} in
  generate | checkgenerated | test) need castxml castxml ;;
  format | checkformat) need clang-format clang-format ;;
esac
if ((${#packages[@]} + ${#other[@]})); then
  echo "build.sh: the target $target needs what this machine does not have:" >&2
  for line in "${other[@]}"; do echo "  - $line" >&2; done
  if ((${#packages[@]})); then
    echo "  - ${packages[*]}; install with: $([[ $EUID == 0 ]] || echo 'sudo ')apt-get install -y ${packages[*]}" >&2
  fi
  exit 1
fi

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
[[ -t 1 ]] || export NO_COLOR=1
# The answer of `dotnet tool restore` changes only with its manifest, or when NuGet's folder was emptied.
stamp=artifacts/stamps/tools
if ! cmp -s .config/dotnet-tools.json "$stamp" || [[ ! -d ${NUGET_PACKAGES:-$HOME/.nuget/packages}/cake.tool ]]; then
  dotnet tool restore
  mkdir -p artifacts/stamps
  cp .config/dotnet-tools.json "$stamp"
fi
exec dotnet tool run dotnet-cake build.cake --target="$target" ${libtorch:+"--libtorch=$(realpath -m "$libtorch")"} \
  "${arguments[@]}"
