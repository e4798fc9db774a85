import {
  CompiledQuery,
  type DatabaseConnection,
  type SqliteDialectConfig,
  SqliteDriver,
} from 'kysely'

/**
 * A transaction takes the writer's place at once: one that asks for it later may not wait. It is on
 * the disk before it is acknowledged, with all before it: a submission outlives a power cut. What is a
 * single statement (a claim, a sign of life) is not flushed alone: a farm of 200 makes dozens a second,
 * a spinning disk a hundred flushes, and a claim lost to a power cut is fenced like any other lost lease.
 */
export class ImmediateDriver extends SqliteDriver {
  readonly #told: (error: unknown) => unknown

  /** `told` makes what is thrown of the error of any statement. */
  constructor(config: SqliteDialectConfig, told: (error: unknown) => unknown) {
    super(config)
    this.#told = told
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection()
    return {
      streamQuery: (query, size) => connection.streamQuery(query, size),
      executeQuery: async (query) => {
        try {
          return await connection.executeQuery(query)
        } catch (error) {
          throw this.#told(error)
        }
      },
    }
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('pragma synchronous = full'))
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await super.commitTransaction(connection)
    await connection.executeQuery(CompiledQuery.raw('pragma synchronous = normal'))
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk has ended it already; the error that counts is the one that said so.
    await super.rollbackTransaction(connection).catch((error: Error) => {
      if (!error.message.includes('no transaction is active')) throw error
    })
    await connection.executeQuery(CompiledQuery.raw('pragma synchronous = normal'))
  }
}
