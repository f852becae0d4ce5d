/** An object that answers as another one does, but for some of its members: a disk that fails at one place, a write that is counted. */
export function altered<Target extends object> (target: Target, members: Partial<Target>): Target {
  return new Proxy(target, {
    get (real, name): unknown {
      if (name in members) return Reflect.get(members, name)
      const member: unknown = Reflect.get(real, name)
      // Methods run on the real object: its private fields are there only.
      return typeof member === 'function' ? member.bind(real) as unknown : member
    }
  })
}
