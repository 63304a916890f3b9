import type { DeliveryStreamState } from '../../firehose/delivery-stream-state.ts'
import { lambdaDefaults } from './configuration/processors.ts'
import type {
  DestinationMembers,
  ExtendedS3Members,
  HttpMembers,
  KinesisSourceMembers,
  ProcessingMembers,
  ProcessorMembers,
} from './members.ts'

/** What is stored of a request, to be told again: plain data, without what is secret. */
export interface DeliveryDocument {
  readonly destination: DestinationMembers
  readonly kinesisSource?: KinesisSourceMembers
  readonly throughputHintMBs?: number
}

/** The part of a destination that is told again. */
export function documented(destination: DestinationMembers): DestinationMembers {
  return destination.kind === 'http'
    ? { kind: 'http', members: httpDocument(destination.members) }
    : { kind: 's3', members: s3Document(destination.members) }
}

function httpDocument(members: HttpMembers): HttpMembers {
  const { AccessKey: _secret, ...endpoint } = members.EndpointConfiguration
  return { ...members, EndpointConfiguration: endpoint, ...processingDocument(members) }
}

function s3Document(members: ExtendedS3Members): ExtendedS3Members {
  const { DataFormatConversionConfiguration: conversion } = members
  const deserializer = conversion?.InputFormatConfiguration?.Deserializer
  const openX = deserializer?.OpenXJsonSerDe
  const mapped = openX?.ColumnToJsonKeyMappings
  if (!(mapped instanceof Map)) return { ...members, ...processingDocument(members) }
  const OpenXJsonSerDe = { ...openX, ColumnToJsonKeyMappings: Object.fromEntries(mapped) }
  return {
    ...members,
    ...processingDocument(members),
    DataFormatConversionConfiguration: {
      ...conversion,
      InputFormatConfiguration: { Deserializer: { ...deserializer, OpenXJsonSerDe } },
    },
  }
}

/** A Lambda processor is told again with what it does, in the service's order of parameters (as others saw it on AWS). */
function processingDocument(members: {
  readonly RoleARN?: string
  readonly ProcessingConfiguration?: ProcessingMembers
}): { readonly ProcessingConfiguration?: ProcessingMembers } {
  const { ProcessingConfiguration: processing, RoleARN: role } = members
  if (processing === undefined) return {}
  const { Enabled = false, Processors = [] } = processing
  return {
    ProcessingConfiguration: {
      Enabled,
      Processors: Processors.map((each) => (each.Type === 'Lambda' ? lambdaDocument(each, role) : each)),
    },
  }
}

function lambdaDocument(
  { Type, Parameters = [] }: ProcessorMembers,
  role: string | undefined,
): ProcessorMembers {
  const given = new Map(
    Parameters.map(({ ParameterName, ParameterValue }) => [ParameterName, ParameterValue]),
  )
  const names = ['LambdaArn', 'NumberOfRetries', 'RoleArn', 'BufferSizeInMBs', 'BufferIntervalInSeconds']
  const all = names.flatMap((name) => {
    const value = given.get(name) ?? lambdaDefaults[name] ?? (name === 'RoleArn' ? role : undefined)
    return value === undefined ? [] : [{ ParameterName: name, ParameterValue: value }]
  })
  return { Type, Parameters: all }
}

/** What was stored; `undefined` for a delivery stream that no request of AWS's has made. */
export function documentOf({ document }: DeliveryStreamState): DeliveryDocument | undefined {
  const stored = document as Partial<DeliveryDocument> | undefined
  return stored?.destination === undefined ? undefined : (stored as DeliveryDocument)
}
