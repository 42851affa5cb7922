// A test that runs the service as a process and sends it signals. Elsewhere than on Linux it is
// reported as skipped, with the reason.

namespace LsmMmap.Hosting.Tests;

[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "needs Linux";
}
