// What a dump finds, one thing a line: its type, then its figures. In a pipe the type and the
// values are separated by tabs (a type always has the same columns), JSON lines carry the type as
// "type"; a person sees names beside the values, cut at the right margin.

using System.Diagnostics;
using System.Text;

namespace LsmMmap.Cli.Output;

internal sealed class DumpWriter(CliConsole console, bool asJson, bool full) : IDisposable
{
    private const int TypeWidth = 9;

    private readonly JsonLine? _json = asJson ? new JsonLine(console) : null;

    /// <summary>How many lines of damage were written.</summary>
    public long Damages { get; private set; }

    /// <summary>0, or 1 when damage was written.</summary>
    public int Code => Damages == 0 ? ExitCode.Ok : ExitCode.Failed;

    public void Line(string type, params IReadOnlyList<Field> fields)
    {
        Debug.Assert(type.Length < TypeWidth, "the types form a column");
        if (_json is not null)
            WriteJson(_json, type, fields);
        else if (console.OutIsTerminal)
            WriteForPerson(type, fields);
        else
            console.Out.WriteLine(
                type + "\t" + string.Join('\t', fields.Select(field => field.Plain)));
    }

    /// <summary>Damage, as found by whoever read the bytes.</summary>
    public void Damage(long offset, Exception damage)
    {
        Damages++;
        var located = damage as CorruptionException;
        DamageLine("damage", located?.Offset ?? offset, damage.Message, located);
    }

    /// <summary>The cut end that a crash leaves, which is no damage.</summary>
    public void TornEnd(CorruptionException end) =>
        DamageLine("torn", end.Offset, end.Message, end);

    public void Dispose() => _json?.Dispose();

    private void DamageLine(
        string type, long offset, string message, CorruptionException? located) => Line(type,
        Field.Offset("offset", offset), Field.Text("damage", message),
        Field.Optional("expected", located?.Expected), Field.Optional("found", located?.Found));

    private static void WriteJson(JsonLine json, string type, IReadOnlyList<Field> fields)
    {
        System.Text.Json.Utf8JsonWriter writer = json.Begin();
        writer.WriteString("type", type);
        foreach (Field field in fields)
            field.WriteJson(writer);
        json.End();
    }

    private void WriteForPerson(string type, IReadOnlyList<Field> fields)
    {
        var text = new StringBuilder();
        foreach (Field field in fields)
        {
            if (field.Human.Length > 0)
                text.Append(field.Title).Append(' ').Append(field.Human).Append("  ");
        }
        string line = text.ToString().TrimEnd();
        // The message of damage is never cut: it is what one looks for.
        bool isFinding = type is "damage" or "torn";
        int room = Math.Max(40, console.Width - TypeWidth - 1);
        if (!full && !isFinding && line.Length > room)
            line = line[..(room - 1)] + "…";
        string colour = isFinding ? "\e[31m" : type == "entry" ? "\e[36m" : "\e[1m";
        console.Out.WriteLine(colour + type.PadRight(TypeWidth) + "\e[0m" + line);
    }
}
