// The NuGet packages, and a program that knows only them.
