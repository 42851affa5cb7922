// Elle's idea in small: lists that only grow show the order of their writers, so the transactions
// of a history depend on each other in ways that no store could invent:
//
// - who appended element n comes before who appended n + 1 of the same list;
// - who read a list comes after who appended its last element, and before who appended the next;
// - who had ended comes before who began later.
//
// A cycle of these is a history that no order of one thing at a time explains. Time is a chain of
// moments, so the number of edges stays linear.

namespace LsmMmap.Engine.Tests.Concurrency;

internal static class AppendChecker
{
    public static List<string> Check(IEnumerable<Transaction> transactions)
    {
        Transaction[] all = [.. transactions];
        var problems = new List<string>();
        var appender = new Dictionary<(int Key, int Element), int>();
        for (int i = 0; i < all.Length; i++)
        {
            foreach ((int Key, int Element) append in all[i].Appends)
            {
                if (!appender.TryAdd(append, i))
                    problems.Add($"element {append} was appended twice: an update was lost");
            }
        }
        List<int>[] edges = Edges(all, appender, problems);
        foreach (List<int> cycle in CycleSearch.Components(edges))
            problems.Add("a cycle: " + string.Join(" | ", cycle
                .Where(node => node < all.Length).Take(6).Select(node => Show(all[node]))));
        return problems;
    }

    private static List<int>[] Edges(
        Transaction[] all, Dictionary<(int Key, int Element), int> appender,
        List<string> problems)
    {
        long[] ends = [.. all.Select(static t => t.End).Order()];
        var edges = new List<int>[all.Length + ends.Length];
        for (int i = 0; i < edges.Length; i++)
            edges[i] = [];
        void Add(int from, int to)
        {
            if (from != to)
                edges[from].Add(to);
        }
        foreach (((int key, int element), int i) in appender)
        {
            if (appender.TryGetValue((key, element + 1), out int next))
                Add(i, next);
        }
        for (int i = 0; i < all.Length; i++)
        {
            foreach ((int key, int length, int last) in all[i].Reads)
            {
                if (length > 0 && appender.TryGetValue((key, last), out int writer))
                    Add(writer, i);
                else if (length > 0)
                    problems.Add($"nobody appended what was read: {Show(all[i])}");
                if (appender.TryGetValue((key, last + 1), out int next))
                    Add(i, next);
            }
            // Moment m is the m-th end; a transaction leads to its own, and the last one before
            // its start leads to it.
            Add(i, all.Length + Array.BinarySearch(ends, all[i].End));
            int before = ~Array.BinarySearch(ends, all[i].Start) - 1;
            if (before >= 0)
                Add(all.Length + before, i);
        }
        for (int m = 1; m < ends.Length; m++)
            Add(all.Length + m - 1, all.Length + m);
        return edges;
    }

    private static string Show(Transaction transaction) =>
        $"[{transaction.Start}..{transaction.End}] appends "
        + string.Join(' ', transaction.Appends) + " reads " + string.Join(' ', transaction.Reads);
}

/// <summary>Strongly connected components of more than one node (Tarjan, without
/// recursion).</summary>
internal static class CycleSearch
{
    public static List<List<int>> Components(List<int>[] edges)
    {
        int[] index = new int[edges.Length];
        int[] low = new int[edges.Length];
        bool[] isOnStack = new bool[edges.Length];
        var stack = new Stack<int>();
        var calls = new Stack<(int Node, int Edge)>();
        var found = new List<List<int>>();
        int last = 0;
        for (int root = 0; root < edges.Length; root++)
        {
            if (index[root] != 0)
                continue;
            calls.Push((root, 0));
            while (calls.TryPop(out (int Node, int Edge) call))
            {
                (int node, int edge) = call;
                if (edge == 0)
                {
                    index[node] = low[node] = ++last;
                    stack.Push(node);
                    isOnStack[node] = true;
                }
                else
                {
                    low[node] = Math.Min(low[node], low[edges[node][edge - 1]]);
                }
                while (edge < edges[node].Count && index[edges[node][edge]] != 0)
                {
                    int other = edges[node][edge++];
                    if (isOnStack[other])
                        low[node] = Math.Min(low[node], index[other]);
                }
                if (edge < edges[node].Count)
                {
                    calls.Push((node, edge + 1));
                    calls.Push((edges[node][edge], 0));
                }
                else if (low[node] == index[node])
                {
                    AddComponent(node, stack, isOnStack, found);
                }
            }
        }
        return found;
    }

    private static void AddComponent(
        int root, Stack<int> stack, bool[] isOnStack, List<List<int>> found)
    {
        var component = new List<int>();
        int node;
        do
        {
            node = stack.Pop();
            isOnStack[node] = false;
            component.Add(node);
        }
        while (node != root);
        if (component.Count > 1)
            found.Add(component);
    }
}
