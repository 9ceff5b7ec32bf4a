#pragma once

namespace replete {

// Somebody who parks until an owner lets go. Lives until Wake was called.
class Waiter {
 public:
  virtual ~Waiter() = default;
  // Called once, from the thread that released the owner, holding no lock. To try again from the
  // start.
  virtual void Wake() = 0;

 private:
  friend class WaiterQueue;
  Waiter* next_ = nullptr;
};

// First in, first out; intrusive.
class WaiterQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  void Push(Waiter* waiter) {
    waiter->next_ = nullptr;
    (tail_ == nullptr ? head_ : tail_->next_) = waiter;
    tail_ = waiter;
  }
  Waiter* Pop() {
    Waiter* first = head_;
    if (first == nullptr) return nullptr;
    head_ = first->next_;
    if (head_ == nullptr) tail_ = nullptr;
    return first;
  }
  // Moves all of `other` behind what is here.
  void Take(WaiterQueue* other) {
    while (Waiter* waiter = other->Pop()) Push(waiter);
  }

 private:
  Waiter* head_ = nullptr;
  Waiter* tail_ = nullptr;
};

// The second level of exclusion of a shard: a long command owns it while its mutex is free. Under
// the shard's mutex.
class Gate {
 public:
  bool owned() const { return owned_; }
  void Own() { owned_ = true; }
  void Park(Waiter* waiter) { parked_.Push(waiter); }
  // Ends ownership; the caller wakes what it gets after it has let the mutex go.
  void Release(WaiterQueue* woken) {
    owned_ = false;
    woken->Take(&parked_);
  }

 private:
  bool owned_ = false;
  WaiterQueue parked_;
};

}  // namespace replete
