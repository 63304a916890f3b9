import { parentPort, workerData } from 'node:worker_threads'
import { catalogue, type CatalogRequest } from './catalog.ts'

const rows = await catalogue(workerData as CatalogRequest)
parentPort?.postMessage(rows, [rows.shardOf.buffer, rows.fingerprints.buffer] as ArrayBuffer[])
