/** What database.ts uses of the driver: its package has types, but its `exports` hide them. */
declare module 'better-sqlite3-multiple-ciphers' {
  namespace Driver {
    interface RunResult { readonly changes: number, readonly lastInsertRowid: number | bigint }

    interface Statement {
      readonly database: Database
      run (...parameters: readonly unknown[]): RunResult
      get (...parameters: readonly unknown[]): unknown
      all (...parameters: readonly unknown[]): unknown[]
    }

    interface Database {
      readonly open: boolean
      readonly inTransaction: boolean
      prepare (sql: string): Statement
      exec (sql: string): this
      pragma (sql: string): unknown
      serialize (): Uint8Array
      close (): this
    }
  }

  const Driver: new (path: string | Buffer, options?: { readonly fileMustExist?: boolean }) => Driver.Database
  export = Driver
}
