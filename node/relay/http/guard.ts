/** Lets those in who may read the dashboard (node/page/guard.ts). */
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import { refusalOf, SECURITY_HEADERS } from '../../page/guard.ts'

/** `port` is asked at each request: it is known only when the server listens. */
export function loopbackGuard (port: () => number): (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void {
  return ({ headers }, reply, done) => {
    void reply.headers(SECURITY_HEADERS)
    done(refusalOf(headers, port()))
  }
}
