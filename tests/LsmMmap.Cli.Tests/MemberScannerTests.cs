// The scanner of documentation files against awkward XML, every truncation of it, and random
// bytes; and against a real parser on the real files.

using System.Text;
using System.Xml;
using LsmMmap.Cli.Demo;

namespace LsmMmap.Cli.Tests;

public sealed class MemberScannerTests
{
    private const string Awkward = """
        <?xml version="1.0"?><!-- <member name="no">x</member> --><doc><members>
        <member name="T:A&lt;B&gt;"><summary a=">">x</summary></member>
        <member
            other='name="no"' name = 'T:B'/><membership name="no"/>
        <member name="T:C"><![CDATA[</member>]]><member name="inner">y</member></member >
        <member>no name</member><member name="T:D"></member></members></doc>
        """;

    [Fact]
    public void Scan_AwkwardXml_FindsTheOuterElements()
    {
        List<(string Name, string Text)> found = Scan(Encoding.UTF8.GetBytes(Awkward));
        Assert.Equal(["T:A<B>", "T:B", "T:C", "T:D"], found.Select(member => member.Name));
        Assert.EndsWith("</member >", found[2].Text, StringComparison.Ordinal);
        Assert.Equal("<member name=\"T:D\"></member>", found[3].Text);
    }

    [Fact]
    public void Scan_EveryTruncation_FindsAPrefixOfTheMembers()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Awkward);
        List<(string Name, string Text)> all = Scan(bytes);
        for (int length = 0; length < bytes.Length; length++)
        {
            List<(string Name, string Text)> some = Scan(bytes[..length]);
            Assert.Equal(all.Take(some.Count), some);
        }
    }

    [Fact]
    public void Scan_RandomMarkup_EndsWithoutAnError()
    {
        int seed = Seed.Value;
        var random = new Random(seed);
        string[] parts = ["<", ">", "member", " name", "=", "\"", "'", "/", "<!--", "-->", "x",
            "<![CDATA[", "]]>", "<?", "?>", "<member name=\"a\">", "</member>"];
        for (int round = 0; round < 5000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(30))
                .Select(_ => parts[random.Next(parts.Length)]));
            Exception? thrown = Record.Exception(() => Scan(Encoding.UTF8.GetBytes(text)));
            Assert.True(thrown is null, $"seed {seed}: {text}: {thrown}");
        }
    }

    [Fact]
    public void Scan_RealFiles_AgreesWithAnXmlParser()
    {
        int files = 0;
        foreach (string file in ReferencePacks.Find().SelectMany(pack => pack.Files).Take(40))
        {
            var expected = new List<string>();
            using (var reader = XmlReader.Create(file))
                while (reader.ReadToFollowing("member"))
                    expected.Add(reader.GetAttribute("name")!);
            Assert.Equal(expected, Scan(File.ReadAllBytes(file)).Select(member => member.Name));
            files++;
        }
        Assert.True(files > 0, "the SDK that runs this test brings such files");
    }

    private static List<(string Name, string Text)> Scan(byte[] bytes)
    {
        var found = new List<(string, string)>();
        var scanner = new MemberScanner(bytes);
        while (scanner.MoveNext())
            found.Add((scanner.Current.Name, Encoding.UTF8.GetString(
                bytes.AsSpan(scanner.Current.Offset, scanner.Current.Length))));
        return found;
    }
}
