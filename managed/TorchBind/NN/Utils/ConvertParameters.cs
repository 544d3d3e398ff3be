namespace TorchBind.NN.Utils;

/// <summary>Parameters as one vector. Mirrors <c>torch.nn.utils.convert_parameters</c>.</summary>
public static class ConvertParameters
{
    /// <summary>All parameters, one after the other. Mirrors <c>parameters_to_vector</c>.</summary>
    /// <exception cref="ArgumentException">They are on different devices.</exception>
    public static Tensor ParametersToVector(IEnumerable<Tensor> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return Torch.Cat([.. Checked(parameters).Select(static p => p.View(-1))]);
    }

    /// <summary>Gives parameters the values of a vector, whose memory they then share. Mirrors <c>vector_to_parameters</c>.</summary>
    /// <param name="vector">The values.</param>
    /// <param name="parameters">The parameters, in the vector's order.</param>
    /// <exception cref="ArgumentException">They are on different devices.</exception>
    public static void VectorToParameters(Tensor vector, IEnumerable<Tensor> parameters)
    {
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentNullException.ThrowIfNull(parameters);
        var at = 0L;
        foreach (var parameter in Checked(parameters))
        {
            var count = parameter.Numel();
            parameter.Data = vector.Narrow(0, at, count).ViewAs(parameter).Data;
            at += count;
        }
    }

    private static Tensor[] Checked(IEnumerable<Tensor> parameters)
    {
        Tensor[] all = [.. parameters];
        if (Array.Exists(all, p => p.Device != all[0].Device))
            throw new ArgumentException("All parameters must lie on one device to become one vector; these lie on several.", nameof(parameters));
        return all;
    }
}
