// Types as a C# reader writes them: keywords for the primitives, `?` where null may stand, no
// namespaces. Used by ApiText alone.
// Threads: the nullability context of the framework is not thread-safe, so each call makes its own.

using System.Reflection;

namespace LsmMmap.House.Tests;

internal static class TypeText
{
    public static string Of(Type type) => Of(type, null);

    public static string Of(ParameterInfo parameter) =>
        Of(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));

    public static string Of(PropertyInfo property) =>
        Of(property.PropertyType, new NullabilityInfoContext().Create(property));

    public static string Of(FieldInfo field) =>
        Of(field.FieldType, new NullabilityInfoContext().Create(field));

    public static string Of(EventInfo happening) =>
        Of(happening.EventHandlerType!, new NullabilityInfoContext().Create(happening));

    private static string Of(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef)
            return Of(type.GetElementType()!, nullability);
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Of(underlying, null) + "?";
        bool mayBeNull = !type.IsValueType && nullability?.ReadState == NullabilityState.Nullable;
        return Name(type, nullability) + (mayBeNull ? "?" : "");
    }

    private static string Name(Type type, NullabilityInfo? nullability)
    {
        if (Keyword(type) is { } keyword)
            return keyword;
        if (type.IsArray)
            return Of(type.GetElementType()!, nullability?.ElementType) + "[]";
        string outer = type.IsNested && !type.IsGenericParameter
            ? Name(type.DeclaringType!, null) + "." : "";
        if (!type.IsGenericType)
            return outer + type.Name;
        Type[] arguments = type.GetGenericArguments();
        NullabilityInfo[]? nulls = nullability?.GenericTypeArguments;
        bool known = nulls != null && nulls.Length == arguments.Length;
        IEnumerable<string> texts = arguments.Select((a, i) => Of(a, known ? nulls![i] : null));
        int mark = type.Name.IndexOf('`');
        string name = mark < 0 ? type.Name : type.Name[..mark];
        return $"{outer}{name}<{string.Join(", ", texts)}>";
    }

    private static string? Keyword(Type type) => type.FullName switch
    {
        "System.Void" => "void",
        "System.Object" => "object",
        "System.String" => "string",
        "System.Boolean" => "bool",
        "System.Char" => "char",
        "System.Byte" => "byte",
        "System.Int16" => "short",
        "System.UInt16" => "ushort",
        "System.Int32" => "int",
        "System.UInt32" => "uint",
        "System.Int64" => "long",
        "System.UInt64" => "ulong",
        "System.Single" => "float",
        "System.Double" => "double",
        "System.Decimal" => "decimal",
        _ => null,
    };
}
