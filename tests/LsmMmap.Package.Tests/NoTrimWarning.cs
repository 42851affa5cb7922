// A build whose trimmer or native compiler doubted anything. They are told to fail then; this looks
// at what they said as well, in case a setting lets a warning through.

using System.Text.RegularExpressions;

namespace LsmMmap.Package.Tests;

internal static class NoTrimWarning
{
    public static void In(Ended build)
    {
        Match found = Regex.Match(build.Output + build.Error, @"\bIL[1-9]\d{3}\b.*");
        Assert.False(found.Success, found.Value + "\n" + build.Story);
    }
}
