import { describe, expect, it } from 'vitest'
import type { DeliveryLogEvent } from '../../src/firehose/delivery-log.ts'
import { againMs, DeliveryWarnings, kindsMax } from '../../src/server/delivery-warnings.ts'
import type { LogFacts } from '../../src/server/server-log.ts'
import { ManualClock } from '../model/manual-clock.ts'

function event(more: Partial<DeliveryLogEvent> = {}): DeliveryLogEvent {
  return {
    deliveryStreamARN: 'arn:clicks',
    deliveryStreamVersionId: 1,
    destination: 'arn:aws:s3:::clicks',
    message: 'no',
    errorCode: 'S3.AccessDenied',
    timestampMs: 0,
    ...more,
  }
}

function rig(): { clock: ManualClock; said: [LogFacts, string][]; warnings: DeliveryWarnings } {
  const clock = new ManualClock()
  const said: [LogFacts, string][] = []
  const warnings = new DeliveryWarnings({ warn: (facts, message) => void said.push([facts, message]) }, clock)
  return { clock, said, warnings }
}

describe('what the log is told of deliveries', () => {
  it('is the first of a kind at once, and the others together', () => {
    const { clock, said, warnings } = rig()
    for (let at = 0; at < 1000; at++) warnings.add(event({ message: `no ${at}` }))
    const facts = {
      deliveryStream: 'arn:clicks',
      destination: 'arn:aws:s3:::clicks',
      error: 'S3.AccessDenied',
      why: 'no 0',
    }
    expect(said).toEqual([[facts, 'delivery failed']])
    clock.advanceNow(againMs)
    expect(said.slice(1)).toEqual([[{ ...facts, why: 'no 999', times: 999 }, 'delivery failed again']])
    clock.advanceNow(againMs)
    expect(said).toHaveLength(2)
    warnings.add(event())
    expect(said).toHaveLength(3)
  })

  it('is bounded, whatever goes wrong', () => {
    const { clock, said, warnings } = rig()
    for (let at = 0; at < 500; at++) {
      warnings.add(event({ errorCode: `Error.${at}`, message: 'x'.repeat(5_000) }))
    }
    expect(said).toHaveLength(kindsMax)
    for (const [{ why }] of said) expect(String(why).length).toBeLessThanOrEqual(500)
    clock.advanceNow(againMs)
    expect(said.slice(kindsMax)).toEqual([[{ times: 500 - kindsMax }, 'delivery failed again']])
  })

  it('has no key that an address holds', () => {
    const { said, warnings } = rig()
    warnings.add(event({ destination: 'https://user:word@collector.example/v1/put?token=abc#x' }))
    expect(said[0]?.[0]['destination']).toBe('https://collector.example/v1/put')
  })
})
