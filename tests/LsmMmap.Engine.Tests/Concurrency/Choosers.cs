// Who goes on: every way in turn with few preemptions, random priorities, or a way once found.
// Each is a function of its parameters alone, so a failure can be played again.

namespace LsmMmap.Engine.Tests.Concurrency;

/// <summary>Decides at the points where more than one thread can go on.</summary>
internal interface IChooser
{
    /// <summary>One of <paramref name="enabled"/>; <paramref name="current"/> is the thread that
    /// ran up to here, or -1 when it cannot go on.</summary>
    int Choose(int current, List<int> enabled);
}

/// <summary>Depth first through all schedules with at most so many preemptions. A switch away
/// from a thread that cannot go on is free.</summary>
internal sealed class EveryChoice(int preemptionsMax) : IChooser
{
    private readonly List<(int[] Options, int At)> _path = [];
    private int _position;
    private int _preemptions;

    /// <summary>Whether a run strayed from the path that an earlier one took.</summary>
    public bool IsUnstable { get; private set; }

    public int Choose(int current, List<int> enabled)
    {
        if (current >= 0 && _preemptions >= preemptionsMax)
            return current;
        if (_position == _path.Count)
            _path.Add((OptionsOf(current, enabled), 0));
        (int[] options, int at) = _path[_position++];
        int chosen = options[at];
        if (!enabled.Contains(chosen) || options.Length != enabled.Count)
        {
            IsUnstable = true;
            return enabled[0];
        }
        if (current >= 0 && chosen != current)
            _preemptions++;
        return chosen;
    }

    /// <summary>Moves on to the next schedule; false when all were played.</summary>
    public bool Advance()
    {
        _position = 0;
        _preemptions = 0;
        while (_path.Count > 0)
        {
            (int[] options, int at) = _path[^1];
            if (at + 1 < options.Length)
            {
                _path[^1] = (options, at + 1);
                return true;
            }
            _path.RemoveAt(_path.Count - 1);
        }
        return false;
    }

    private static int[] OptionsOf(int current, List<int> enabled) =>
        current < 0 ? [.. enabled] : [current, .. enabled.Where(id => id != current)];
}

/// <summary>Random priorities (PCT): the thread of the highest goes on; at a few random steps it
/// falls behind all others. Finds a bug of depth d in n steps of k threads with a chance of at
/// least 1 / (k * n^(d-1)).</summary>
internal sealed class RandomPriorities : IChooser
{
    private readonly Random _random;
    private readonly List<int> _changes = [];
    private readonly Dictionary<int, int> _priorities = [];
    private int _step;
    private int _lowest;

    public RandomPriorities(int seed, int depth, int steps)
    {
        _random = new Random(seed);
        for (int i = 1; i < depth; i++)
            _changes.Add(_random.Next(Math.Max(1, steps)));
    }

    public int Choose(int current, List<int> enabled)
    {
        foreach (int id in enabled)
        {
            if (!_priorities.ContainsKey(id))
                _priorities.Add(id, _random.Next(1, 1_000_000));
        }
        int best = enabled.MaxBy(id => _priorities[id]);
        if (_changes.Contains(_step++))
        {
            _priorities[best] = --_lowest;
            best = enabled.MaxBy(id => _priorities[id]);
        }
        return best;
    }
}

/// <summary>A list of choices from a failure message.</summary>
internal sealed class ReplayedChoices(IReadOnlyList<int> choices) : IChooser
{
    private int _at;

    public int Choose(int current, List<int> enabled)
    {
        int wanted = _at < choices.Count ? choices[_at++] : current;
        return enabled.Contains(wanted) ? wanted : enabled[0];
    }
}
