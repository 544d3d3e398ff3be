// The build of TorchBind. docs/build.md names, for each target, the plain command that does the same.
#load "build/parameters.cake"
#load "build/steps.cake"
#load "build/libtorch.cake"
#load "build/native.cake"
#load "build/managed.cake"
#load "build/run.cake"
#load "build/bench.cake"
#load "build/package.cake"
#load "build/checks.cake"

RunTarget(parameters.Target);
