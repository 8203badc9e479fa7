// SPDX-License-Identifier: Apache-2.0
// 泉城链锚定合约: heads of a city's log, grants, withdrawals and uses on an alliance chain.
// Nothing above what FISCO BCOS 3 accepts: solc 0.8.11, EVM istanbul, no libraries.
pragma solidity >=0.8.4 <=0.8.11;

contract QuanchengAnchor {
    struct Head {
        uint64 size;
        bytes32 root;
    }

    error NotOwner();
    error NotWriter();
    error HeadShrinks(uint64 size);
    error HeadForks(bytes32 root);
    error AlreadyGranted();
    error NotGranted();
    error Revoked();
    error AlreadyUsed();

    event WriterSet(address indexed writer, bool may);
    event CheckpointAnchored(bytes32 indexed origin, uint64 size, bytes32 root);
    event GrantAnchored(bytes32 indexed id);
    event RevokeAnchored(bytes32 indexed id);
    event UseAnchored(bytes32 indexed grantId, bytes32 indexed useId);

    address public immutable owner;
    mapping(address => bool) public writers;
    /// SHA-256 of the origin's name to its newest head.
    mapping(bytes32 => Head) public heads;
    /// 0 never granted, 1 granted, 2 revoked. Ids are leaves of the log: salted, they tell nothing.
    mapping(bytes32 => uint8) public grantState;
    /// A use's id to its grant; zero when it was not used.
    mapping(bytes32 => bytes32) public grantOfUse;

    modifier onlyWriter() {
        if (!writers[msg.sender]) revert NotWriter();
        _;
    }

    constructor() {
        owner = msg.sender;
        writers[msg.sender] = true;
        emit WriterSet(msg.sender, true);
    }

    function setWriter(address writer, bool may) external {
        if (msg.sender != owner) revert NotOwner();
        writers[writer] = may;
        emit WriterSet(writer, may);
    }

    /// The size only grows; the same head again changes nothing, the same size with another root is a fork.
    function checkpoint(bytes32 origin, uint64 size, bytes32 root) external onlyWriter {
        Head storage head = heads[origin];
        if (size < head.size || size == 0) revert HeadShrinks(head.size);
        if (size == head.size) {
            if (root != head.root) revert HeadForks(head.root);
            return;
        }
        head.size = size;
        head.root = root;
        emit CheckpointAnchored(origin, size, root);
    }

    function grant(bytes32 id) external onlyWriter {
        if (grantState[id] != 0) revert AlreadyGranted();
        grantState[id] = 1;
        emit GrantAnchored(id);
    }

    function revoke(bytes32 id) external onlyWriter {
        _mustLive(id);
        grantState[id] = 2;
        emit RevokeAnchored(id);
    }

    function use(bytes32 grantId, bytes32 useId) external onlyWriter {
        _mustLive(grantId);
        if (grantOfUse[useId] != 0) revert AlreadyUsed();
        grantOfUse[useId] = grantId;
        emit UseAnchored(grantId, useId);
    }

    /// RFC 9162 section 2.1.3.2 with SHA-256: whether the leaf hash stands at index in the tree of size and root.
    function verifyInclusion(bytes32 leafHash, uint64 index, uint64 size, bytes32[] calldata path, bytes32 root)
        external
        pure
        returns (bool)
    {
        if (index >= size) return false;
        uint64 node = index;
        uint64 last = size - 1;
        bytes32 found = leafHash;
        for (uint256 step = 0; step < path.length; step++) {
            if (last == 0) return false;
            if (node & 1 == 1 || node == last) {
                found = sha256(abi.encodePacked(bytes1(0x01), path[step], found));
                while (node & 1 == 0 && node != 0) {
                    node >>= 1;
                    last >>= 1;
                }
            } else {
                found = sha256(abi.encodePacked(bytes1(0x01), found, path[step]));
            }
            node >>= 1;
            last >>= 1;
        }
        return last == 0 && found == root;
    }

    function _mustLive(bytes32 id) private view {
        uint8 state = grantState[id];
        if (state == 0) revert NotGranted();
        if (state == 2) revert Revoked();
    }
}
