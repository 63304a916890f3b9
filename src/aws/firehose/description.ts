import { deliveryStreamArn } from '../../firehose/delivery-key.ts'
import type { DeliveryStreamState } from '../../firehose/delivery-stream-state.ts'
import { isConverted, parquetDefaults } from './configuration/conversion.ts'
import { type HintRules, plainHints, usualHints } from './configuration/hints.ts'
import { isPartitioned, retrySecondsUsual } from './configuration/s3.ts'
import { derivedDestination } from './derived-destination.ts'
import { type DeliveryDocument, documentOf } from './document.ts'
import type { ConversionMembers, ExtendedS3Members, HttpMembers, S3Members } from './members.ts'

type Output = Readonly<Record<string, unknown>>

/** The one destination of a delivery stream. */
export const destinationId = 'destinationId-000000000001'

/** A delivery stream as the service describes it: what requests said, with defaults where they said nothing. */
export function descriptionOf(
  state: DeliveryStreamState,
  status: string,
  options: { readonly destinations: boolean },
): Output {
  const { key, versionId, createdAtMs, updatedAtMs, configuration } = state
  return {
    DeliveryStreamName: key.name,
    DeliveryStreamARN: deliveryStreamArn(key),
    DeliveryStreamStatus: status,
    DeliveryStreamEncryptionConfiguration: encryptionOf(state),
    DeliveryStreamType: configuration.source.kind === 'direct' ? 'DirectPut' : 'KinesisStreamAsSource',
    VersionId: String(versionId),
    CreateTimestamp: createdAtMs,
    LastUpdateTimestamp: updatedAtMs > createdAtMs ? updatedAtMs : undefined,
    Source: sourceOf(state, documentOf(state)),
    Destinations: options.destinations ? [destinationOf(state)] : [],
    HasMoreDestinations: false,
  }
}

function encryptionOf({ encryption }: DeliveryStreamState): Output {
  if (encryption === undefined) return { Status: 'DISABLED' }
  return { KeyType: encryption.keyType, KeyARN: encryption.keyArn, Status: 'ENABLED' }
}

function sourceOf({ configuration }: DeliveryStreamState, document?: DeliveryDocument): Output | undefined {
  const { source } = configuration
  if (source.kind === 'stream') {
    return {
      KinesisStreamSourceDescription: {
        KinesisStreamARN: source.streamArn,
        RoleARN: document?.kinesisSource?.RoleARN,
        DeliveryStartTimestamp: source.fromMs,
      },
    }
  }
  const hint = document?.throughputHintMBs
  return hint === undefined ? undefined : { DirectPutSourceDescription: { ThroughputHintInMBs: hint } }
}

function destinationOf(state: DeliveryStreamState): Output {
  const destination = documentOf(state)?.destination ?? derivedDestination(state.configuration)
  const id = { DestinationId: destinationId }
  if (destination === undefined) return id
  if (destination.kind === 'http') {
    return { ...id, HttpEndpointDestinationDescription: httpDescription(destination.members) }
  }
  const { members } = destination
  return {
    ...id,
    S3DestinationDescription: s3Description(members, hintRules(members)),
    ExtendedS3DestinationDescription: extendedDescription(members),
  }
}

function hintRules(members: ExtendedS3Members): HintRules {
  return {
    converted: isConverted(members.DataFormatConversionConfiguration),
    partitioned: isPartitioned(members.DynamicPartitioningConfiguration),
  }
}

function s3Description(members: S3Members, rules: HintRules = plainHints): Output {
  return {
    RoleARN: members.RoleARN,
    BucketARN: members.BucketARN,
    Prefix: members.Prefix,
    ErrorOutputPrefix: members.ErrorOutputPrefix,
    BufferingHints: { ...usualHints(rules), ...members.BufferingHints },
    CompressionFormat: members.CompressionFormat ?? 'UNCOMPRESSED',
    EncryptionConfiguration: members.EncryptionConfiguration ?? { NoEncryptionConfig: 'NoEncryption' },
    CloudWatchLoggingOptions: members.CloudWatchLoggingOptions ?? { Enabled: false },
  }
}

function extendedDescription(members: ExtendedS3Members): Output {
  const { S3BackupConfiguration: backup, DynamicPartitioningConfiguration: partitioning } = members
  return {
    ...s3Description(members, hintRules(members)),
    ProcessingConfiguration: members.ProcessingConfiguration ?? { Enabled: false, Processors: [] },
    S3BackupMode: members.S3BackupMode ?? 'Disabled',
    S3BackupDescription: backup && s3Description(backup),
    DataFormatConversionConfiguration: conversionDescription(members.DataFormatConversionConfiguration),
    DynamicPartitioningConfiguration: partitioning && {
      Enabled: isPartitioned(partitioning),
      RetryOptions: { DurationInSeconds: retrySecondsUsual, ...partitioning.RetryOptions },
    },
    FileExtension: members.FileExtension,
    CustomTimeZone: members.CustomTimeZone || 'UTC',
  }
}

function conversionDescription(conversion: ConversionMembers | undefined): Output {
  if (conversion === undefined) return { Enabled: false }
  const { InputFormatConfiguration: input, OutputFormatConfiguration: output } = conversion
  const openX = input?.Deserializer?.OpenXJsonSerDe
  const parquet = output?.Serializer?.ParquetSerDe
  const { MaxPaddingBytes: _padding, ...shown } = parquetDefaults
  return {
    SchemaConfiguration: conversion.SchemaConfiguration,
    InputFormatConfiguration:
      openX === undefined
        ? input
        : { Deserializer: { ...input?.Deserializer, OpenXJsonSerDe: openXDescription(openX) } },
    OutputFormatConfiguration:
      parquet === undefined
        ? output
        : { Serializer: { ...output?.Serializer, ParquetSerDe: { ...shown, ...parquet } } },
    Enabled: isConverted(conversion),
  }
}

function openXDescription(openX: { readonly ColumnToJsonKeyMappings?: object }): Output {
  const { ColumnToJsonKeyMappings: mapped, ...others } = openX
  return mapped === undefined
    ? others
    : { ...others, ColumnToJsonKeyMappings: new Map(Object.entries(mapped)) }
}

function httpDescription(members: HttpMembers): Output {
  const { EndpointConfiguration: endpoint, RequestConfiguration: request, S3Configuration: backup } = members
  return {
    EndpointConfiguration: { Url: endpoint.Url, Name: endpoint.Name },
    BufferingHints: { ...usualHints(plainHints), ...members.BufferingHints },
    CloudWatchLoggingOptions: members.CloudWatchLoggingOptions ?? { Enabled: false },
    RequestConfiguration: { ContentEncoding: 'NONE', CommonAttributes: [], ...request },
    ProcessingConfiguration: members.ProcessingConfiguration ?? { Enabled: false, Processors: [] },
    RoleARN: members.RoleARN,
    RetryOptions: { DurationInSeconds: retrySecondsUsual, ...members.RetryOptions },
    S3BackupMode: members.S3BackupMode ?? 'FailedDataOnly',
    S3DestinationDescription: s3Description(backup),
    SecretsManagerConfiguration: members.SecretsManagerConfiguration,
  }
}
