/// The messages of `docent.v1` as Swift values, under the schema's names.
///
/// Numbers named "Int" here are `uint32` on the wire; a value outside its range is written as the nearest one inside.
/// Decoding refuses text that is not UTF-8, and number arrays whose bytes do not divide by four.
public enum V1 {}
