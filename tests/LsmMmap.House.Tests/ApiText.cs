// The public surface of an assembly as text, one line a type, base, interface or member, sorted.
// What a caller's code can depend on stands in the line: names of parameters, defaults, where null
// may stand, ref-struct scopes. What it cannot (bodies, private parts, documentation) does not.

using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace LsmMmap.House.Tests;

internal static class ApiText
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic
        | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IReadOnlyList<string> Describe(Assembly assembly)
    {
        List<string> lines = [];
        foreach (Type type in assembly.GetExportedTypes())
            DescribeType(type, lines);
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static void DescribeType(Type type, List<string> lines)
    {
        string name = TypeText.Of(type);
        lines.Add($"{name}: {Modifiers(type)}{KindOf(type)}");
        if (type.BaseType is { } parent && parent != typeof(object)
            && !type.IsValueType)
            lines.Add($"{name}: inherits {TypeText.Of(parent)}");
        IEnumerable<Type> inherited = type.BaseType?.GetInterfaces() ?? [];
        foreach (Type contract in type.GetInterfaces().Except(inherited).Where(i => i.IsPublic))
            lines.Add($"{name}: implements {TypeText.Of(contract)}");
        if (type.IsEnum)
        {
            foreach (Enum value in Enum.GetValues(type))
                lines.Add($"{name}.{value} = {value:D}");
            return;
        }
        foreach (ConstructorInfo made in type.GetConstructors(Declared).Where(IsVisible))
            lines.Add($"{name}.new({Parameters(made)})");
        foreach (PropertyInfo property in type.GetProperties(Declared))
            DescribeProperty(name, property, lines);
        foreach (MethodInfo method in type.GetMethods(Declared).Where(IsOwnMethod))
            lines.Add($"{name}.{Method(method)}");
        foreach (FieldInfo field in type.GetFields(Declared).Where(f => f.IsPublic))
            lines.Add($"{name}.{field.Name}: {TypeText.Of(field)}");
        foreach (EventInfo happening in type.GetEvents(Declared))
        {
            if (happening.AddMethod is { IsPublic: true })
                lines.Add($"{name}.{happening.Name}: event {TypeText.Of(happening)}");
        }
    }

    private static string Modifiers(Type type)
    {
        if (type.IsInterface || type.IsEnum)
            return "";
        if (type.IsValueType)
        {
            string constant = type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "";
            return constant + (type.IsByRefLike ? "ref " : "");
        }
        if (type.IsAbstract && type.IsSealed)
            return "static ";
        return type.IsSealed ? "sealed " : type.IsAbstract ? "abstract " : "";
    }

    private static string KindOf(Type type)
    {
        if (type.IsInterface)
            return "interface";
        if (type.IsEnum)
            return "enum";
        if (typeof(Delegate).IsAssignableFrom(type))
            return "delegate";
        return type.IsValueType ? "struct" : "class";
    }

    private static void DescribeProperty(string owner, PropertyInfo property, List<string> lines)
    {
        bool canGet = property.GetMethod is { } getter && IsVisible(getter);
        bool canSet = property.SetMethod is { } setter && IsVisible(setter);
        if (!canGet && !canSet)
            return;
        string kind = (property.GetMethod ?? property.SetMethod)!.IsStatic ? "static " : "";
        string scope = property.IsDefined(typeof(System.Diagnostics.CodeAnalysis
            .UnscopedRefAttribute)) ? "unscoped " : "";
        string accessors = (canGet ? "get; " : "") + (canSet ? SetterOf(property) : "");
        string type = TypeText.Of(property);
        lines.Add($"{owner}.{property.Name}: {kind}{scope}{type} {{ {accessors}}}");
    }

    private static string SetterOf(PropertyInfo property)
    {
        Type[] marks = property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers();
        return marks.Contains(typeof(IsExternalInit)) ? "init; " : "set; ";
    }

    private static string Method(MethodInfo method)
    {
        string kind = method.IsStatic ? "static " : "";
        string access = method.IsFamily ? "protected " : "";
        string generic = method.IsGenericMethodDefinition
            ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => a.Name))}>" : "";
        string result = TypeText.Of(method.ReturnParameter);
        return $"{method.Name}{generic}({Parameters(method)}): {access}{kind}{result}";
    }

    private static string Parameters(MethodBase method)
    {
        IEnumerable<string> texts = method.GetParameters().Select(Parameter);
        string list = string.Join(", ", texts);
        return method.IsDefined(typeof(ExtensionAttribute), false) ? $"this {list}" : list;
    }

    private static string Parameter(ParameterInfo parameter)
    {
        string passing = parameter.IsOut ? "out " : parameter.IsIn ? "in "
            : parameter.ParameterType.IsByRef ? "ref " : "";
        string scope = parameter.IsDefined(typeof(ScopedRefAttribute)) && !parameter.IsOut
            ? "scoped " : "";
        string start = $"{scope}{passing}{TypeText.Of(parameter)} {parameter.Name}";
        return parameter.HasDefaultValue ? $"{start} = {DefaultOf(parameter)}" : start;
    }

    private static string DefaultOf(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        object? value = parameter.DefaultValue;
        bool isPlainStruct = type.IsValueType && Nullable.GetUnderlyingType(type) == null;
        return value switch
        {
            null => isPlainStruct ? "default" : "null",
            bool flag => flag ? "true" : "false",
            string text => $"\"{text}\"",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
    }

    // Members that the compiler makes have '<' in their names; accessors belong to their property.
    private static bool IsOwnMethod(MethodInfo method) =>
        IsVisible(method) && !method.Name.Contains('<')
        && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal));

    private static bool IsVisible(MethodBase method)
    {
        if (method.IsPublic)
            return true;
        return (method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed;
    }
}
