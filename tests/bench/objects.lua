-- As much of S3 as uploads need, for scripts/bench deliver: takes bodies, forgets them, and remembers how long they were and
-- the hash that came as their metadata.
-- Signatures are not checked, but must be there. Nothing is as cheap, so that it is not the server that is measured.
local sizes = ngx.shared.sizes
local method, key, arguments = ngx.req.get_method(), ngx.var.uri, ngx.req.get_uri_args()

-- How many bytes the request brought.
local function drain()
    local socket = ngx.req.socket()
    local count = 0
    while socket do
        local piece = socket:receiveany(262144)
        if not piece then
            break
        end
        count = count + #piece
    end
    return count
end

local function answer(status, name, body)
    ngx.status = status
    if name then
        ngx.header["Content-Type"] = "application/xml"
        ngx.print('<?xml version="1.0" encoding="UTF-8"?><', name, ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/">', body,
                  '</', name, '>')
    end
    return ngx.exit(ngx.OK)
end

-- With an object or an upload as a whole, which HEAD then tells.
local function keep_hash() sizes:set("hash " .. key, ngx.var.http_x_amz_meta_sha256) end

-- No MD5, as with encryption by the server: nobody may take it for one.
local function tag() return '"' .. ngx.var.request_id .. '-1"' end

if not (ngx.var.http_authorization or ngx.var["arg_X-Amz-Signature"] or ""):find(".") then
    return answer(403, "Error", "<Code>AccessDenied</Code>")
elseif method == "PUT" and arguments.partNumber then
    sizes:set("part " .. arguments.uploadId .. " " .. arguments.partNumber, drain())
    ngx.header["ETag"] = tag()
    return answer(200)
elseif method == "PUT" then
    keep_hash()
    sizes:set(key, drain())
    ngx.header["ETag"] = tag()
    return answer(200)
elseif method == "POST" and arguments.uploads then
    keep_hash()
    return answer(200, "InitiateMultipartUploadResult", "<Bucket>videos</Bucket><Key>" .. key .. "</Key><UploadId>" ..
                  ngx.var.request_id .. "</UploadId>")
elseif method == "POST" and arguments.uploadId then
    drain()
    local sum, number = 0, 1
    repeat
        local part = sizes:get("part " .. arguments.uploadId .. " " .. number)
        sum, number = sum + (part or 0), number + 1
    until not part
    sizes:set(key, sum)
    return answer(200, "CompleteMultipartUploadResult", "<Bucket>videos</Bucket><Key>" .. key .. "</Key><ETag>" .. tag() ..
                  "</ETag>")
elseif method == "GET" and arguments.uploads then
    return answer(200, "ListMultipartUploadsResult", "<Bucket>videos</Bucket><IsTruncated>false</IsTruncated>")
elseif method == "HEAD" and sizes:get(key) then
    ngx.header["Content-Length"] = sizes:get(key)
    ngx.header["x-amz-meta-sha256"] = sizes:get("hash " .. key)
    ngx.header["Last-Modified"] = ngx.http_time(ngx.time())
    ngx.header["ETag"] = tag()
    return answer(200)
elseif method == "HEAD" then
    return answer(404)
elseif method == "DELETE" then
    return answer(204)
end
return answer(501, "Error", "<Code>NotImplemented</Code>")
