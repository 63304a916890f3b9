/** What S3 takes as the name of a new bucket (S3 user guide, "General purpose bucket naming rules"). */
export const bucketNamePattern: RegExp = /^(?!.*\.\.)(?!\d+(?:\.\d+){3}$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** The same, in words. */
export const bucketNameRule: string =
  '3 to 63 characters out of a-z, 0-9, full stop and hyphen, the first and last a letter or digit, no two full stops one ' +
  'after the other, and no IP address'
