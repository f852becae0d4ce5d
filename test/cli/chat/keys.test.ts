import assert from 'node:assert/strict'
import type { Key } from 'ink'
import { pressesOf, type Press } from '../../../cli/chat/keys.ts'

const NO_KEY: Key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false
}

function presses (input: string, key: Partial<Key> = {}): string[] {
  return pressesOf(input, { ...NO_KEY, ...key }).map((press: Press) => press.type === 'text' ? `"${press.text}"` : press.chord)
}

describe('what a person pressed', () => {
  it('is text as it was typed', () => {
    assert.deepEqual(presses('a'), ['"a"'])
    assert.deepEqual(presses('漢字👍'), ['"漢字👍"'])
    assert.deepEqual(presses('T', { shift: true }), ['"T"'])
  })

  it('is a key by its name', () => {
    assert.deepEqual(presses('', { upArrow: true }), ['up'])
    assert.deepEqual(presses('', { upArrow: true, meta: true }), ['alt+up'])
    assert.deepEqual(presses('k', { ctrl: true }), ['ctrl+k'])
    assert.deepEqual(presses('b', { meta: true }), ['alt+b'])
    assert.deepEqual(presses('', { return: true }), ['enter'])
    assert.deepEqual(presses('', { return: true, meta: true }), ['alt+enter'])
    assert.deepEqual(presses('', { tab: true, shift: true }), ['shift+tab'])
  })

  it('is Ctrl-J for a line feed, which makes a new line', () => {
    assert.deepEqual(presses('\n'), ['ctrl+j'])
  })

  it('ends with Enter when a slow line delivers text and Enter at once', () => {
    assert.deepEqual(presses('hello\r'), ['"hello"', 'enter'])
  })

  it('is pasted text when line ends stand inside it: nothing may be sent by half', () => {
    assert.deepEqual(presses('one\rtwo\r'), ['"one"', 'ctrl+j', '"two"', 'enter'])
    assert.deepEqual(presses('one\ttwo'), ['"one\ttwo"'])
  })

  it('is nothing for a key that has no name here', () => {
    assert.deepEqual(presses('', { ctrl: true }), [])
  })
})
