/** A testnet in a test: the commands that a developer gives it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MessageView } from '../../protocols/local/schema.ts'
import type { NodeView, StatusView } from '../../testnet/control/operations.ts'
import { dataOf, faultOf, linesOf, skein } from './skein.ts'

export class Net {
  readonly directory: string

  constructor (directory: string) {
    this.directory = directory
  }

  async testnet<Data> (...args: readonly string[]): Promise<Data> { return await dataOf<Data>(['testnet', ...args, '--dir', this.directory]) }

  async fault (exit: number, ...args: readonly string[]): Promise<string> { return (await faultOf(exit, ['testnet', ...args, '--dir', this.directory])).message }

  async up (...args: readonly string[]): Promise<StatusView> { return await this.testnet<StatusView>('up', ...args) }

  async node (name: string): Promise<NodeView> {
    const { nodes } = await this.testnet<StatusView>('ps')
    const found = nodes.find(node => node.name === name)
    assert.ok(found, `${name} is in the testnet`)
    return found
  }

  async as<Data> (name: string, ...command: readonly string[]): Promise<Data> { return await dataOf<Data>(['testnet', 'exec', name, '--dir', this.directory, '--', ...command]) }

  /** Whether it got there in this time. */
  async send (from: string, ...args: readonly string[]): Promise<boolean> {
    const { exit, stdout } = await skein(['testnet', 'exec', from, '--dir', this.directory, '--', 'send', ...args])
    assert.ok(exit === 0 || exit === 6, stdout)
    return exit === 0
  }

  /** The process that holds it together. */
  get pid (): number { return Number(readFileSync(join(this.directory, 'node.pid'), 'utf8')) }

  async texts (reader: string, writer: string): Promise<string[]> { return (await this.messages(reader, writer)).map(({ text }) => text) }

  async messages (reader: string, writer: string): Promise<readonly MessageView[]> { return await linesOf<MessageView>(['testnet', 'exec', reader, '--dir', this.directory, '--', 'read', writer, '--limit', '100']) }
}
