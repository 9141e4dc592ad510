import GRDB

extension ModelRegistry {
  /// The numbers of a model's versions that its rollouts point to.
  ///
  /// - Parameter model: the row of the model.
  func pointedAtByRollouts(_ db: Database, model: Int64) throws -> Set<Int64> {
    // This schema has no rollouts.
    []
  }
}
