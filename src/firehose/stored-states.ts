import type { AccountKey } from '../streams/account.ts'
import type { Documents } from '../streams/documents.ts'
import { documentsOf } from './delivery-key.ts'
import { deliveryStreamOf } from './delivery-stream-shape.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'

/**
 * The delivery streams of an account, channels among them, by name, as the metadata have them: nothing begins to deliver.
 *
 * @throws `ERR_MILLRACE_CORRUPT`
 */
export function storedStates(documents: Documents, account: AccountKey): readonly DeliveryStreamState[] {
  return documents
    .startingWith(documentsOf(account))
    .map(({ id, value }) => deliveryStreamOf(id, value))
    .toSorted((a, b) => (a.key.name < b.key.name ? -1 : 1))
}
