namespace TorchBind;

#pragma warning disable CS0660, CS0661 // Equals and GetHashCode stand in Tensor.cs

public partial class Tensor
{
    /// <summary>This tensor.</summary>
    public static Tensor operator +(Tensor self) => Required(self);
    /// <summary>Mirrors <c>-x</c>.</summary>
    public static Tensor operator -(Tensor self) => Required(self).Neg();
    /// <summary>Mirrors <c>~x</c>.</summary>
    public static Tensor operator ~(Tensor self) => Required(self).BitwiseNot();
    /// <summary>Mirrors <c>~x</c> on booleans.</summary>
    public static Tensor operator !(Tensor self) => Required(self).LogicalNot();

    /// <summary>Mirrors <c>a + b</c>.</summary>
    public static Tensor operator +(Tensor left, Tensor right) => Required(left).Add(right);
    /// <summary>Mirrors <c>a + b</c>.</summary>
    public static Tensor operator +(Tensor left, Scalar right) => Required(left).Add(right);
    /// <summary>Mirrors <c>a + b</c>.</summary>
    public static Tensor operator +(Scalar left, Tensor right) => Required(right).Add(left);
    /// <summary>Mirrors <c>a - b</c>.</summary>
    public static Tensor operator -(Tensor left, Tensor right) => Required(left).Sub(right);
    /// <summary>Mirrors <c>a - b</c>.</summary>
    public static Tensor operator -(Tensor left, Scalar right) => Required(left).Sub(right);
    /// <summary>Mirrors <c>a - b</c>.</summary>
    public static Tensor operator -(Scalar left, Tensor right) => Torch.Rsub(Required(right), left);
    /// <summary>Mirrors <c>a * b</c>.</summary>
    public static Tensor operator *(Tensor left, Tensor right) => Required(left).Mul(right);
    /// <summary>Mirrors <c>a * b</c>.</summary>
    public static Tensor operator *(Tensor left, Scalar right) => Required(left).Mul(right);
    /// <summary>Mirrors <c>a * b</c>.</summary>
    public static Tensor operator *(Scalar left, Tensor right) => Required(right).Mul(left);
    /// <summary>Mirrors <c>a / b</c>.</summary>
    public static Tensor operator /(Tensor left, Tensor right) => Required(left).Div(right);
    /// <summary>Mirrors <c>a / b</c>.</summary>
    public static Tensor operator /(Tensor left, Scalar right) => Required(left).Div(right);

    /// <summary>Mirrors <c>a / b</c>, which Python computes as <c>b.reciprocal() * a</c>.</summary>
    public static Tensor operator /(Scalar left, Tensor right)
    {
        var reciprocal = Required(right).Reciprocal();
        var result = reciprocal.Mul(left);
        if (!result.RequiresGrad)
            reciprocal.Dispose();
        return result;
    }

    /// <summary>Mirrors <c>a % b</c>: the sign of the result is the divisor's.</summary>
    public static Tensor operator %(Tensor left, Tensor right) => Required(left).Remainder(right);
    /// <summary>Mirrors <c>a % b</c>.</summary>
    public static Tensor operator %(Tensor left, Scalar right) => Required(left).Remainder(right);
    /// <summary>Mirrors <c>a % b</c>.</summary>
    public static Tensor operator %(Scalar left, Tensor right) => Torch.Remainder(left, Required(right));

    /// <summary>Mirrors <c>a &amp; b</c>.</summary>
    public static Tensor operator &(Tensor left, Tensor right) => Required(left).BitwiseAnd(right);
    /// <summary>Mirrors <c>a &amp; b</c>.</summary>
    public static Tensor operator &(Tensor left, Scalar right) => Required(left).BitwiseAnd(right);
    /// <summary>Mirrors <c>a | b</c>.</summary>
    public static Tensor operator |(Tensor left, Tensor right) => Required(left).BitwiseOr(right);
    /// <summary>Mirrors <c>a | b</c>.</summary>
    public static Tensor operator |(Tensor left, Scalar right) => Required(left).BitwiseOr(right);
    /// <summary>Mirrors <c>a ^ b</c>.</summary>
    public static Tensor operator ^(Tensor left, Tensor right) => Required(left).BitwiseXor(right);
    /// <summary>Mirrors <c>a ^ b</c>.</summary>
    public static Tensor operator ^(Tensor left, Scalar right) => Required(left).BitwiseXor(right);
    /// <summary>Mirrors <c>a &lt;&lt; b</c>.</summary>
    public static Tensor operator <<(Tensor left, Tensor right) => Required(left).BitwiseLeftShift(right);
    /// <summary>Mirrors <c>a &lt;&lt; b</c>.</summary>
    public static Tensor operator <<(Tensor left, Scalar right) => Required(left).BitwiseLeftShift(right);
    /// <summary>Mirrors <c>a >> b</c>.</summary>
    public static Tensor operator >>(Tensor left, Tensor right) => Required(left).BitwiseRightShift(right);
    /// <summary>Mirrors <c>a >> b</c>.</summary>
    public static Tensor operator >>(Tensor left, Scalar right) => Required(left).BitwiseRightShift(right);

    /// <summary>Elementwise. To compare with null, write <c>is null</c>. Mirrors <c>a == b</c>.</summary>
    public static Tensor operator ==(Tensor left, Tensor right) => Required(left).Eq(right);
    /// <summary>Elementwise. Mirrors <c>a == b</c>.</summary>
    public static Tensor operator ==(Tensor left, Scalar right) => Required(left).Eq(right);
    /// <summary>Elementwise. To compare with null, write <c>is not null</c>. Mirrors <c>a != b</c>.</summary>
    public static Tensor operator !=(Tensor left, Tensor right) => Required(left).Ne(right);
    /// <summary>Elementwise. Mirrors <c>a != b</c>.</summary>
    public static Tensor operator !=(Tensor left, Scalar right) => Required(left).Ne(right);
    /// <summary>Elementwise. Mirrors <c>a &lt; b</c>.</summary>
    public static Tensor operator <(Tensor left, Tensor right) => Required(left).Lt(right);
    /// <summary>Elementwise. Mirrors <c>a &lt; b</c>.</summary>
    public static Tensor operator <(Tensor left, Scalar right) => Required(left).Lt(right);
    /// <summary>Elementwise. Mirrors <c>a &lt; b</c>.</summary>
    public static Tensor operator <(Scalar left, Tensor right) => Required(right).Gt(left);
    /// <summary>Elementwise. Mirrors <c>a > b</c>.</summary>
    public static Tensor operator >(Tensor left, Tensor right) => Required(left).Gt(right);
    /// <summary>Elementwise. Mirrors <c>a > b</c>.</summary>
    public static Tensor operator >(Tensor left, Scalar right) => Required(left).Gt(right);
    /// <summary>Elementwise. Mirrors <c>a > b</c>.</summary>
    public static Tensor operator >(Scalar left, Tensor right) => Required(right).Lt(left);
    /// <summary>Elementwise. Mirrors <c>a &lt;= b</c>.</summary>
    public static Tensor operator <=(Tensor left, Tensor right) => Required(left).Le(right);
    /// <summary>Elementwise. Mirrors <c>a &lt;= b</c>.</summary>
    public static Tensor operator <=(Tensor left, Scalar right) => Required(left).Le(right);
    /// <summary>Elementwise. Mirrors <c>a &lt;= b</c>.</summary>
    public static Tensor operator <=(Scalar left, Tensor right) => Required(right).Ge(left);
    /// <summary>Elementwise. Mirrors <c>a >= b</c>.</summary>
    public static Tensor operator >=(Tensor left, Tensor right) => Required(left).Ge(right);
    /// <summary>Elementwise. Mirrors <c>a >= b</c>.</summary>
    public static Tensor operator >=(Tensor left, Scalar right) => Required(left).Ge(right);
    /// <summary>Elementwise. Mirrors <c>a >= b</c>.</summary>
    public static Tensor operator >=(Scalar left, Tensor right) => Required(right).Le(left);

    /// <summary>In place, as in Python. Mirrors <c>a += b</c>.</summary>
    public void operator +=(Tensor right) => Add_(right);
    /// <summary>In place, as in Python. Mirrors <c>a += b</c>.</summary>
    public void operator +=(Scalar right) => Add_(right);
    /// <summary>In place, as in Python. Mirrors <c>a -= b</c>.</summary>
    public void operator -=(Tensor right) => Sub_(right);
    /// <summary>In place, as in Python. Mirrors <c>a -= b</c>.</summary>
    public void operator -=(Scalar right) => Sub_(right);
    /// <summary>In place, as in Python. Mirrors <c>a *= b</c>.</summary>
    public void operator *=(Tensor right) => Mul_(right);
    /// <summary>In place, as in Python. Mirrors <c>a *= b</c>.</summary>
    public void operator *=(Scalar right) => Mul_(right);
    /// <summary>In place, as in Python. Mirrors <c>a /= b</c>.</summary>
    public void operator /=(Tensor right) => Div_(right);
    /// <summary>In place, as in Python. Mirrors <c>a /= b</c>.</summary>
    public void operator /=(Scalar right) => Div_(right);
    /// <summary>In place, as in Python. Mirrors <c>a %= b</c>.</summary>
    public void operator %=(Tensor right) => Remainder_(right);
    /// <summary>In place, as in Python. Mirrors <c>a %= b</c>.</summary>
    public void operator %=(Scalar right) => Remainder_(right);
    /// <summary>In place, as in Python. Mirrors <c>a &amp;= b</c>.</summary>
    public void operator &=(Tensor right) => BitwiseAnd_(right);
    /// <summary>In place, as in Python. Mirrors <c>a |= b</c>.</summary>
    public void operator |=(Tensor right) => BitwiseOr_(right);
    /// <summary>In place, as in Python. Mirrors <c>a ^= b</c>.</summary>
    public void operator ^=(Tensor right) => BitwiseXor_(right);

    private static Tensor Required(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor;
    }
}
