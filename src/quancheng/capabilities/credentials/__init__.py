"""可验证凭证: licences as SD-JWT VC in the holder's own wallet."""
